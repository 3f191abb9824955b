/** One door to the HTTP API: JSON in and out, problem documents (RFC 9457) as `ApiError`. */

const BASE = "/api/v1";

export interface FieldProblem {
  path: string;
  code: string;
  message: string;
}

/** What the server refused and why. `status` 0 means that it could not be reached. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: FieldProblem[];

  constructor(status: number, code: string, message: string, fields: FieldProblem[] = []) {
    super(message);
    this.status = status;
    this.code = code;
    this.fields = fields;
  }

  /** The message for one field of a form, when the server named that field. */
  field(path: string): string | undefined {
    return this.fields.find((field) => field.path === path)?.message;
  }
}

type Query = Record<string, string | number | boolean | null | undefined>;

function withQuery(path: string, query?: Query): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined && value !== "") params.set(key, String(value));
  }
  const text = params.toString();
  return text ? `${BASE}${path}?${text}` : BASE + path;
}

/** A random key; `crypto.randomUUID` is missing on a page without TLS, `getRandomValues` is not. */
export function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function problemOf(response: Response): Promise<ApiError> {
  try {
    const body = (await response.json()) as Record<string, unknown>;
    const text = [body.detail, body.title].find((part) => typeof part === "string" && part !== "");
    const fields = Array.isArray(body.fields) ? (body.fields as FieldProblem[]) : [];
    return new ApiError(response.status, String(body.code ?? "unknown"), String(text ?? response.statusText), fields);
  } catch {
    return new ApiError(response.status, "unknown", response.statusText);
  }
}

async function send<T>(method: string, url: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) {
    headers["Content-Type"] = method === "PATCH" ? "application/merge-patch+json" : "application/json";
  }
  if (method === "POST") headers["Idempotency-Key"] = randomKey();
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      headers,
      credentials: "same-origin",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    throw new ApiError(0, "unreachable", "unreachable");
  }
  if (!response.ok) throw await problemOf(response);
  const text = await response.text();
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

export const http = {
  get: <T>(path: string, query?: Query) => send<T>("GET", withQuery(path, query)),
  post: <T>(path: string, body?: unknown) => send<T>("POST", withQuery(path), body ?? {}),
  patch: <T>(path: string, body: unknown) => send<T>("PATCH", withQuery(path), body),
  delete: <T>(path: string) => send<T>("DELETE", withQuery(path)),
};

export const eventsUrl = `${BASE}/events`;
