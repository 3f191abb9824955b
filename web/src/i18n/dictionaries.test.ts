import { describe, expect, it } from "vitest";
import { en } from "./en";
import { ko } from "./ko";

const places = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

describe("the two dictionaries", () => {
  it("have the same keys in the same order", () => {
    expect(Object.keys(ko)).toEqual(Object.keys(en));
  });

  it("have no empty text", () => {
    for (const [key, text] of [...Object.entries(en), ...Object.entries(ko)]) expect(text.trim(), key).not.toBe("");
  });

  it("fill the same places", () => {
    for (const key of Object.keys(en) as (keyof typeof en)[]) expect(places(ko[key]), key).toEqual(places(en[key]));
  });
});
