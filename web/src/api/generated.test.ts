import openapiTS, { astToString } from "openapi-typescript";
import { expect, it } from "vitest";
import document from "../../openapi.json?raw";
import generated from "./generated.ts?raw";

/** Takes away the notice that the command line puts on top. */
const bare = (text: string) => text.replace(/^\/\*\*[\s\S]*?\*\/\s*/, "").trim();

it("the API's types are made from openapi.json as it is now (else: npm run generate)", async () => {
  expect(bare(generated)).toBe(bare(astToString(await openapiTS(document))));
});
