/** Which conversations the list shows: kept in the address, so that a reload or a shared link shows the same. */
import { useQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import { queries, type ConversationFilter } from "../api/queries";

export const TABS = ["all", "open", "missed", "snoozed", "closed"] as const;
export type Tab = (typeof TABS)[number];

const isTab = (text: string | null): text is Tab => (TABS as readonly (string | null)[]).includes(text);

export function useFilter() {
  const [params, setParams] = useSearchParams();
  const me = useQuery(queries.me).data;
  const state = params.get("state");
  const tab: Tab = isTab(state) ? state : "all";
  const mine = params.get("mine") === "1";
  const filter: ConversationFilter = { state: tab, assignee_id: mine ? (me?.id ?? null) : null };
  const change = (next: { tab?: Tab; mine?: boolean }) => {
    const changed = new URLSearchParams(params);
    if (next.tab) changed.set("state", next.tab);
    if (next.mine !== undefined) changed.set("mine", next.mine ? "1" : "0");
    setParams(changed, { replace: true });
  };
  return { tab, mine, filter, change, search: params.toString() };
}
