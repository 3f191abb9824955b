/** Reads the server's `system` event. */

/** The sentence to show, or `null` when all is well again. */
export function warningOf(data: unknown): string | null {
  if (typeof data !== "object" || data === null) return null;
  const { message, state } = data as { message?: unknown; state?: unknown };
  if (state === "ok") return null;
  return typeof message === "string" && message !== "" ? message : null;
}
