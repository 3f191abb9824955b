import { expect, test } from "vitest";
import type { CallTrace } from "../api/types";
import { transferState } from "./transfer-panel";

const trace = (...steps: string[]): CallTrace => ({
  items: steps.map((step) => {
    const [what = "", ...detail] = step.split(" ");
    return { at: "2026-11-21T00:00:00Z", kind: "step", what, detail: detail.join(" "), leg: null, sent: null };
  }),
  legs: [],
  lost: 0,
});

test("a transfer stands as the newest of its steps says", () => {
  const standing = (...steps: string[]) => transferState(trace(...steps));
  expect(transferState(undefined)).toEqual({ state: "none", to: "" });
  expect(standing("answered").state).toBe("none");
  expect(standing("answered", "transfer manager 1", "rang")).toEqual({ state: "ringing", to: "manager 1" });
  expect(standing("answered", "transfer +82212345678", "transfer_failed busy")).toEqual({ state: "failed", to: "+82212345678" });
  expect(standing("transfer manager 1", "transfer_failed taken_back").state).toBe("taken_back");
  expect(standing("transfer manager 1", "transfer_failed busy", "transfer manager 2")).toEqual({ state: "ringing", to: "manager 2" });
  expect(standing("transfer manager 1", "rang transfer", "answered manager 1").state).toBe("none");
});
