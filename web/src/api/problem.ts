/** What the server refused and why (RFC 9457). */
import type { components } from "./generated";

type FieldProblem = components["schemas"]["FieldProblem"];

/** `status` 0 means that the server could not be reached. */
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

/** Reads a problem document; anything else (a proxy's page) becomes a problem with the bare status. */
export function problemOf(body: unknown, response: Response): ApiError {
  if (typeof body !== "object" || body === null) return new ApiError(response.status, "unknown", response.statusText);
  const { code, detail, title, fields } = body as Partial<components["schemas"]["Problem"]>;
  return new ApiError(response.status, code ?? "unknown", detail || title || response.statusText, fields ?? []);
}
