import { expect, test } from "vitest";
import type { CallTrace } from "../api/types";
import { transferState } from "./transfer-panel";

const trace = (...steps: string[]): CallTrace => ({
  items: steps.map((what) => ({ at: "2026-11-21T00:00:00Z", kind: "step", what, detail: "", leg: null, sent: null })),
  legs: [],
  lost: 0,
});

test("a transfer stands as the newest of its steps says", () => {
  expect(transferState(undefined)).toBe("none");
  expect(transferState(trace("answered"))).toBe("none");
  expect(transferState(trace("answered", "transfer", "rang"))).toBe("ringing");
  expect(transferState(trace("answered", "transfer", "transfer_failed"))).toBe("failed");
  expect(transferState(trace("transfer", "transfer_failed", "transfer"))).toBe("ringing");
});
