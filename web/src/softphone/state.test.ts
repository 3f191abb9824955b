import { describe, expect, it } from "vitest";
import { STARTING, dialable, statusOf, type SoftphoneState } from "./state";

const leading: SoftphoneState = { ...STARTING, leading: true, line: "ready" };

describe("the status of the browser phone", () => {
  it("names the worst thing that stands in the way", () => {
    expect(statusOf(leading)).toBe("ready");
    expect(statusOf({ ...leading, microphone: "refused" })).toBe("microphone_refused");
    expect(statusOf({ ...leading, microphone: "missing" })).toBe("no_microphone");
    expect(statusOf({ ...leading, line: "away", microphone: "missing" })).toBe("away");
    expect(statusOf({ ...leading, line: "away", microphone: "insecure" })).toBe("insecure");
  });

  it("says that another tab is the phone only when that tab told what it does", () => {
    expect(statusOf(STARTING)).toBe("starting");
    expect(statusOf({ ...leading, leading: false })).toBe("other_tab");
  });
});

describe("a number that was typed or pasted", () => {
  it("loses what people write between digits", () => {
    expect(dialable("070-4000-0001")).toBe("07040000001");
    expect(dialable(" +82 (70) 4000.0001 ")).toBe("+827040000001");
    expect(dialable("*72#")).toBe("*72#");
  });

  it("is refused when it is no number", () => {
    for (const text of ["", "+", "1", "kim", "sip:a@b", "07040000001;x=y", "0".repeat(33)]) expect(dialable(text), text).toBeNull();
  });
});
