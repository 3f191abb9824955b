/** The generated client of the HTTP API, and one way to read its answers. */
import createClient, { type Middleware } from "openapi-fetch";
import type { paths } from "./generated";
import { ApiError, problemOf } from "./problem";
import type { Sent } from "./types";

const BASE = "/api/v1";

/** A random key; `crypto.randomUUID` is missing on a page without TLS, `getRandomValues` is not. */
function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What every write carries: a key that makes repeating it harmless, and the name of the patch format. */
const writes: Middleware = {
  onRequest({ request }) {
    if (request.method === "POST") request.headers.set("Idempotency-Key", randomKey());
    if (request.method === "PATCH") request.headers.set("Content-Type", "application/merge-patch+json");
    return request;
  },
  onError() {
    return new ApiError(0, "unreachable", "unreachable");
  },
};

export const client = createClient<paths>({ baseUrl: BASE, credentials: "same-origin" });
client.use(writes);

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The body of an answer; throws `ApiError` for a refusal. */
export async function bodyOf<T>(asked: Promise<Answer<T>>): Promise<Sent<T>> {
  const { data, error, response } = await asked;
  if (!response.ok) throw problemOf(error, response);
  return data as Sent<T>;
}

export const eventsUrl = `${BASE}/events`;
