/** What the server says may be done to a thing now (`actions`); the console has no rule of its own. */

export type Action =
  | "assign" | "tag" | "note" | "open" | "snooze" | "close" | "call"
  | "hang_up" | "transfer" | "trace" | "edit" | "delete" | "release" | "make_default" | "block" | "unblock" | "dial" | "manage_settings";

/** May this be done now? A thing that is not loaded yet allows nothing. */
export function can(thing: { actions?: string[] } | undefined, action: Action): boolean {
  return thing?.actions?.includes(action) ?? false;
}
