/** Follows `/events` and keeps the query cache true; refetches what is on screen after every reconnect. */
import type { QueryClient } from "@tanstack/react-query";
import { eventsUrl } from "./http";
import { asTimelineItem, placeConversation, placeInTimeline, replaceById, upsertById, type Pages } from "./live";
import { keys, type ConversationFilter } from "./queries";
import type { Call, Conversation, Customer, Entry, List, Manager, Me, Note, Phone, PhoneNumber, SystemHealth, Team, TimelineItem, Workflow } from "./types";

const FIRST_RETRY_MS = 1_000;
/** After a connection closes for good (an error page of a proxy), the browser does not retry: we do, up to this far apart. */
const LONGEST_RETRY_MS = 15_000;

export type LiveState = "connecting" | "live" | "away";

type Change = (cache: QueryClient, data: unknown) => void;

function intoTimeline(kind: "call" | "note" | "entry"): Change {
  return (cache, data) => {
    const value = data as Call | Note | Entry;
    if (!value.conversation_id) return;
    cache.setQueryData<List<TimelineItem>>(keys.timeline(value.conversation_id), (old) =>
      old && { ...old, items: placeInTimeline(old.items, asTimelineItem(kind, value)) },
    );
  };
}

const onCall: Change = (cache, data) => {
  const changed = data as Call;
  // Only a call that somebody asked for is kept, even if it was not written yet when they asked.
  if (cache.getQueryState(keys.call(changed.id))) cache.setQueryData(keys.call(changed.id), changed);
  intoTimeline("call")(cache, data);
};

const onConversation: Change = (cache, data) => {
  const changed = data as Conversation;
  cache.setQueryData(keys.conversation(changed.id), changed);
  for (const [key, old] of cache.getQueriesData<Pages<Conversation>>({ queryKey: keys.allConversations })) {
    if (old) cache.setQueryData(key, placeConversation(old, changed, key[1] as ConversationFilter));
  }
};

const onCustomer: Change = (cache, data) => {
  const changed = data as Customer;
  cache.setQueryData(keys.customer(changed.id), changed);
  let known = false;
  for (const [key, old] of cache.getQueriesData<Pages<Customer>>({ queryKey: keys.allCustomers })) {
    if (!old) continue;
    known ||= old.pages.some((page) => page.items.some((item) => item.id === changed.id));
    cache.setQueryData(key, { ...old, pages: old.pages.map((page) => ({ ...page, items: replaceById(page.items, changed) })) });
  }
  if (!known) void cache.invalidateQueries({ queryKey: keys.allCustomers });
};

function intoList<T extends { id: string }>(key: readonly string[]): Change {
  return (cache, data) => {
    const changed = data as T & { deleted?: boolean };
    cache.setQueryData<List<T>>(key, (old) => {
      if (!old) return old;
      const items = changed.deleted ? old.items.filter((item) => item.id !== changed.id) : upsertById(old.items, changed);
      return { ...old, items };
    });
  };
}

const onManager: Change = (cache, data) => {
  intoList<Manager>(keys.managers)(cache, data);
  const changed = data as Manager;
  cache.setQueryData<Me>(keys.me, (me) => (me && me.id === changed.id ? { ...me, ...changed, workspace: me.workspace, actions: me.actions } : me));
};

const changes: Record<string, Change> = {
  call: onCall,
  note: intoTimeline("note"),
  entry: intoTimeline("entry"),
  conversation: onConversation,
  customer: onCustomer,
  phone: intoList<Phone>(keys.phones),
  number: intoList<PhoneNumber>(keys.numbers),
  manager: onManager,
  team: intoList<Team>(keys.teams),
  workflow: intoList<Workflow>(keys.workflows),
};

/** Opens the stream; the returned function closes it. `onSystem` hears how the server itself is (disk full …). */
export function followEvents(
  cache: QueryClient,
  onState: (state: LiveState) => void,
  onSystem: (health: SystemHealth) => void,
): () => void {
  let source: EventSource | null = null;
  let timer: number | undefined;
  let retryMs = FIRST_RETRY_MS;
  let opened = false;
  let closed = false;

  const listen = (target: EventSource) => {
    for (const [type, change] of Object.entries(changes)) {
      target.addEventListener(type, (event) => change(cache, JSON.parse((event as MessageEvent<string>).data)));
    }
    target.addEventListener("system", (event) => {
      const health = JSON.parse((event as MessageEvent<string>).data) as SystemHealth;
      if (health.resync) void cache.invalidateQueries();
      onSystem(health);
    });
    target.onopen = () => {
      retryMs = FIRST_RETRY_MS;
      onState("live");
      // What changed while we were away is not all in the stream: ask again.
      if (opened) void cache.invalidateQueries();
      opened = true;
    };
    target.onerror = () => {
      onState("away");
      if (target.readyState !== EventSource.CLOSED || closed) return;
      // Closed for good may mean signed out: asking who we are finds out.
      void cache.invalidateQueries({ queryKey: keys.me });
      timer = window.setTimeout(open, retryMs);
      retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
    };
  };
  const open = () => {
    source = new EventSource(eventsUrl);
    listen(source);
  };
  open();
  return () => {
    closed = true;
    window.clearTimeout(timer);
    source?.close();
  };
}
