import { describe, expect, it } from "vitest";
import { clock, listTime, phoneNumber, secondsBetween } from "./words";

describe("phone numbers", () => {
  it("of Korea are written as at home", () => {
    expect(phoneNumber("+827040000001")).toBe("070-4000-0001");
    expect(phoneNumber("+821024680000")).toBe("010-2468-0000");
    expect(phoneNumber("+8225551234")).toBe("02-555-1234");
    expect(phoneNumber("+82212345678")).toBe("02-1234-5678");
    expect(phoneNumber("+82313456789")).toBe("031-345-6789");
    expect(phoneNumber("+8215881234")).toBe("1588-1234");
    expect(phoneNumber("01024680000")).toBe("010-2468-0000");
  });

  it("of elsewhere and unknown forms stay as they are", () => {
    for (const text of ["+81312345678", "+82", "+820", "1000", "0", "00812345", "sip:door", ""]) expect(phoneNumber(text), text).toBe(text);
  });
});

describe("durations", () => {
  it("show minutes, and hours only when there are any", () => {
    expect([0, 7, 760, 3599, 3600, 3729].map(clock)).toEqual(["0:00", "0:07", "12:40", "59:59", "1:00:00", "1:02:09"]);
  });

  it("are whole seconds and never negative", () => {
    expect(secondsBetween("2026-11-21T00:00:00Z", "2026-11-21T00:01:00.900Z")).toBe(60);
    expect(secondsBetween("2026-11-21T00:00:05Z", Date.parse("2026-11-21T00:00:00Z"))).toBe(0);
  });
});

describe("times in lists", () => {
  const now = new Date(2026, 10, 21, 15, 0).getTime();
  const at = (day: number, year = 2026) => new Date(year, 10, day, 9, 5).toISOString();

  it("are the time today, a word for yesterday, else the day", () => {
    expect(listTime(at(21), now, "en", "Yesterday")).toBe("9:05 AM");
    expect(listTime(at(20), now, "en", "Yesterday")).toBe("Yesterday");
    expect(listTime(at(3), now, "en", "Yesterday")).toBe("Nov 3");
    expect(listTime(at(3, 2025), now, "ko", "어제")).toContain("25");
  });
});
