/** Puts one changed object into what the console has already loaded, so that screens change in place. Pure. */
import type { Call, Conversation, Entry, List, Note, TimelineItem } from "./types";
import type { ConversationFilter } from "./queries";

export interface Pages<T> {
  pages: List<T>[];
  pageParams: unknown[];
}

/** Replaces the item with the same id; adds nothing. */
export function replaceById<T extends { id: string }>(items: T[], changed: T): T[] {
  return items.some((item) => item.id === changed.id)
    ? items.map((item) => (item.id === changed.id ? changed : item))
    : items;
}

/** Replaces the item with the same id, else appends it. */
export function upsertById<T extends { id: string }>(items: T[], changed: T): T[] {
  return items.some((item) => item.id === changed.id) ? replaceById(items, changed) : [...items, changed];
}

/** Does a conversation belong in a list with this filter? */
export function matches(conversation: Conversation, filter: ConversationFilter): boolean {
  if (filter.state !== "all" && conversation.state !== filter.state) return false;
  return filter.assignee_id === null || conversation.assignee_id === filter.assignee_id;
}

/** Takes the conversation out of the pages and puts it where its last activity belongs, newest first. */
export function placeConversation(
  data: Pages<Conversation>,
  changed: Conversation,
  filter: ConversationFilter,
): Pages<Conversation> {
  const pages = data.pages.map((page) => ({ ...page, items: page.items.filter((item) => item.id !== changed.id) }));
  if (!matches(changed, filter)) return { ...data, pages };
  const last = pages.length - 1;
  for (const [index, page] of pages.entries()) {
    const at = page.items.findIndex((item) => item.last_activity_at <= changed.last_activity_at);
    if (at >= 0) {
      page.items.splice(at, 0, changed);
      break;
    }
    // Older than all that is loaded: it belongs at the end only when there is nothing more to load.
    if (index === last && !page.next) page.items.push(changed);
  }
  return { ...data, pages };
}

function idOf(item: TimelineItem): string {
  switch (item.kind) {
    case "call":
      return `call:${item.call.id}`;
    case "note":
      return `note:${item.note.id}`;
    case "entry":
      return `entry:${item.entry.id}`;
  }
}

/** When a line of the timeline began. */
export function beganAt(item: TimelineItem): string {
  switch (item.kind) {
    case "call":
      return item.call.started_at;
    case "note":
      return item.note.at;
    case "entry":
      return item.entry.at;
  }
}

export const timelineKey = idOf;

/** Wraps a changed object as a line of its conversation. */
export function asTimelineItem(kind: "call" | "note" | "entry", value: Call | Note | Entry): TimelineItem {
  if (kind === "call") return { kind, call: value as Call };
  if (kind === "note") return { kind, note: value as Note };
  return { kind, entry: value as Entry };
}

/** Replaces a line of the timeline in place, else inserts it by time. */
export function placeInTimeline(items: TimelineItem[], changed: TimelineItem): TimelineItem[] {
  const id = idOf(changed);
  if (items.some((item) => idOf(item) === id)) return items.map((item) => (idOf(item) === id ? changed : item));
  const at = items.findIndex((item) => beganAt(item) > beganAt(changed));
  return at < 0 ? [...items, changed] : [...items.slice(0, at), changed, ...items.slice(at)];
}
