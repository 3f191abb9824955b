import { describe, expect, it } from "vitest";
import { asksAutoAnswer, failureOf, isAnsweredElsewhere } from "./failure";

describe("a call that ended", () => {
  it("was answered on another device when the CANCEL says so", () => {
    expect(isAnsweredElsewhere('SIP;cause=200;text="Call completed elsewhere"')).toBe(true);
    expect(failureOf({ cause: "Canceled", reason: 'SIP ;cause=200 ;text="Call completed elsewhere"', status: undefined })).toBe("elsewhere");
  });

  it("was left by the caller when the CANCEL gives no reason or another one", () => {
    expect(failureOf({ cause: "Canceled", reason: undefined, status: undefined })).toBe("caller_left");
    expect(failureOf({ cause: "Canceled", reason: "Q.850;cause=200", status: undefined })).toBe("caller_left");
    expect(isAnsweredElsewhere("SIP;cause=2000")).toBe(false);
  });

  it("says what the answer said", () => {
    expect(failureOf({ cause: "Busy", reason: undefined, status: 486 })).toBe("busy");
    expect(failureOf({ cause: "Rejected", reason: undefined, status: 403 })).toBe("refused");
    expect(failureOf({ cause: "Not Found", reason: undefined, status: 404 })).toBe("not_found");
    expect(failureOf({ cause: "something new", reason: undefined, status: 500 })).toBe("unreachable");
  });

  it("is answered by itself only when asked to do so at once", () => {
    expect(asksAutoAnswer("<sip:server>;answer-after=0")).toBe(true);
    expect(asksAutoAnswer(";answer-after=0")).toBe(true);
    expect(asksAutoAnswer(";answer-after=10")).toBe(false);
    expect(asksAutoAnswer(undefined)).toBe(false);
  });
});
