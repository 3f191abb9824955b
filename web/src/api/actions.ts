/** The names of what the server says may be done now (`actions`); the console has no rule of its own. */

export const may = {
  changeConversation: ["assign", "update"],
  close: ["close"],
  reopen: ["open", "reopen"],
  snooze: ["snooze"],
  callBack: ["call"],
  note: ["note", "add_note"],
  hangUp: ["hang_up"],
  change: ["update", "edit"],
  release: ["release", "delete"],
  delete: ["delete"],
  block: ["block", "update"],
  issueNumber: ["issue_number", "manage_numbers", "numbers.create"],
  addPhones: ["add_phones", "manage_phones", "phones.create"],
} as const;

/** May this be done to the thing now? A thing without `actions` allows nothing. */
export function can(thing: { actions?: string[] } | undefined, what: keyof typeof may): boolean {
  return thing?.actions?.some((action) => (may[what] as readonly string[]).includes(action)) ?? false;
}
