import { describe, expect, it } from "vitest";
import { asTimelineItem, matches, placeConversation, placeInTimeline, timelineKey, upsertById, type Pages } from "./live";
import type { ConversationFilter } from "./queries";
import type { Call, Conversation, Note, TimelineItem } from "./types";

const ALL: ConversationFilter = { state: "all", assignee_id: null };

const conversation = (id: string, at: string, more: Partial<Conversation> = {}) =>
  ({ id, state: "open", assignee_id: null, last_activity_at: at, ...more }) as Conversation;

const pages = (...lists: Conversation[][]): Pages<Conversation> => ({
  pages: lists.map((items, index) => ({ items, next: index < lists.length - 1 ? "more" : null })),
  pageParams: lists.map(() => ""),
});

const ids = (data: Pages<Conversation>) => data.pages.map((page) => page.items.map((item) => item.id));

describe("a conversation that changed", () => {
  const loaded = pages([conversation("a", "09"), conversation("b", "08")], [conversation("c", "05")]);

  it("moves to where its last activity belongs, across pages", () => {
    expect(ids(placeConversation(loaded, conversation("c", "10"), ALL))).toEqual([["c", "a", "b"], []]);
    expect(ids(placeConversation(loaded, conversation("a", "06"), ALL))).toEqual([["b"], ["a", "c"]]);
  });

  it("comes in when it is new, and at the end only when nothing more is to be loaded", () => {
    expect(ids(placeConversation(loaded, conversation("d", "01"), ALL))).toEqual([["a", "b"], ["c", "d"]]);
    const cut = { ...loaded, pages: loaded.pages.slice(0, 1) };
    expect(ids(placeConversation(cut, conversation("d", "01"), ALL))).toEqual([["a", "b"]]);
  });

  it("leaves a list whose filter it no longer meets", () => {
    const missed: ConversationFilter = { state: "missed", assignee_id: null };
    expect(ids(placeConversation(loaded, conversation("a", "11"), missed))).toEqual([["b"], ["c"]]);
    expect(matches(conversation("a", "1", { assignee_id: "m" }), { state: "open", assignee_id: "m" })).toBe(true);
    expect(matches(conversation("a", "1", { assignee_id: "n" }), { state: "open", assignee_id: "m" })).toBe(false);
  });

  it("changes nothing in what was loaded before", () => {
    placeConversation(loaded, conversation("c", "10"), ALL);
    expect(ids(loaded)).toEqual([["a", "b"], ["c"]]);
  });
});

describe("a line of the timeline that changed", () => {
  const call = (id: string, at: string, state: Call["state"]) => asTimelineItem("call", { id, started_at: at, state } as Call);
  const note = (id: string, at: string) => asTimelineItem("note", { id, at } as Note);
  const lines: TimelineItem[] = [call("1", "01", "ended"), note("1", "03"), call("2", "05", "ringing")];

  it("is replaced in place", () => {
    const after = placeInTimeline(lines, call("2", "05", "engaged"));
    expect(after.map(timelineKey)).toEqual(["call:1", "note:1", "call:2"]);
    expect(after[2]).toEqual(call("2", "05", "engaged"));
  });

  it("comes in by time; a call and a note may share an id", () => {
    expect(placeInTimeline(lines, note("2", "02")).map(timelineKey)).toEqual(["call:1", "note:2", "note:1", "call:2"]);
    expect(placeInTimeline(lines, note("9", "09")).map(timelineKey)).toEqual(["call:1", "note:1", "call:2", "note:9"]);
  });
});

it("a small list replaces or appends", () => {
  expect(upsertById([{ id: "a", n: 1 }], { id: "a", n: 2 })).toEqual([{ id: "a", n: 2 }]);
  expect(upsertById([{ id: "a", n: 1 }], { id: "b", n: 2 })).toEqual([{ id: "a", n: 1 }, { id: "b", n: 2 }]);
});
