/** What the console asks the server, one query or mutation a line; every path of the API is named here and nowhere else. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { ApiError, http } from "./http";
import type {
  AvailableNumber, Call, Conversation, ConversationState, Customer, DeviceKind, List, Manager, Me, Note, Phone,
  PhoneNumber, PhoneServer, SipCredential, Team, TimelineItem, Workspace,
} from "./types";

const PAGE = 50;
/** Lists that are small by nature (managers, teams, numbers, phones) are read whole, up to this many. */
const WHOLE = 200;

export interface ConversationFilter {
  state: ConversationState | "all";
  assignee_id: string | null;
}

export const keys = {
  me: ["me"] as const,
  conversations: (filter: ConversationFilter) => ["conversations", filter] as const,
  allConversations: ["conversations"] as const,
  conversation: (id: string) => ["conversation", id] as const,
  timeline: (id: string) => ["timeline", id] as const,
  customers: (search: string) => ["customers", search] as const,
  allCustomers: ["customers"] as const,
  customer: (id: string) => ["customer", id] as const,
  numbers: ["numbers"] as const,
  phones: ["phones"] as const,
  managers: ["managers"] as const,
  teams: ["teams"] as const,
};

export const queries = {
  me: queryOptions({ queryKey: keys.me, queryFn: () => http.get<Me>("/me"), staleTime: 60_000 }),
  /** Known before sign-in: whose workspace this is and whether it is the demo. */
  workspace: queryOptions({
    queryKey: ["workspace"],
    queryFn: () => http.get<Workspace>("/workspace"),
    retry: false,
    staleTime: Infinity,
  }),
  conversations: (filter: ConversationFilter) =>
    infiniteQueryOptions({
      queryKey: keys.conversations(filter),
      queryFn: ({ pageParam }) =>
        http.get<List<Conversation>>("/conversations", {
          state: filter.state === "all" ? null : filter.state,
          assignee_id: filter.assignee_id,
          after: pageParam,
          limit: PAGE,
        }),
      initialPageParam: "",
      getNextPageParam: (page) => page.next ?? undefined,
    }),
  conversation: (id: string) =>
    queryOptions({ queryKey: keys.conversation(id), queryFn: () => http.get<Conversation>(`/conversations/${id}`) }),
  timeline: (id: string) =>
    queryOptions({
      queryKey: keys.timeline(id),
      queryFn: () => http.get<List<TimelineItem>>(`/conversations/${id}/timeline`),
    }),
  customers: (search: string) =>
    infiniteQueryOptions({
      queryKey: keys.customers(search),
      queryFn: ({ pageParam }) =>
        http.get<List<Customer>>("/customers", { search, after: pageParam, limit: PAGE }),
      initialPageParam: "",
      getNextPageParam: (page) => page.next ?? undefined,
    }),
  customer: (id: string) =>
    queryOptions({ queryKey: keys.customer(id), queryFn: () => http.get<Customer>(`/customers/${id}`) }),
  numbers: queryOptions({ queryKey: keys.numbers, queryFn: () => http.get<List<PhoneNumber>>("/numbers", { limit: WHOLE }) }),
  availableNumbers: queryOptions({
    queryKey: ["available-numbers"],
    queryFn: () => http.get<List<AvailableNumber>>("/numbers/available", { country: "KR" }),
    staleTime: 0,
  }),
  phones: queryOptions({ queryKey: keys.phones, queryFn: () => http.get<List<Phone>>("/phones", { limit: WHOLE }) }),
  phoneServers: queryOptions({
    queryKey: ["phone-servers"],
    queryFn: async () => {
      const answer = await http.get<PhoneServer[] | List<PhoneServer>>("/phones/servers");
      return Array.isArray(answer) ? answer : answer.items;
    },
    staleTime: 300_000,
  }),
  managers: queryOptions({ queryKey: keys.managers, queryFn: () => http.get<List<Manager>>("/managers", { limit: WHOLE }) }),
  teams: queryOptions({ queryKey: keys.teams, queryFn: () => http.get<List<Team>>("/teams", { limit: WHOLE }) }),
  workflows: queryOptions({
    queryKey: ["workflows"],
    queryFn: () => http.get<List<{ id: string; name: string }>>("/workflows", { limit: WHOLE }).catch(emptyWhenMissing),
    staleTime: 300_000,
  }),
};

/** A part of the API that this server does not have yet reads as an empty list. */
function emptyWhenMissing(problem: unknown): List<{ id: string; name: string }> {
  if (problem instanceof ApiError && problem.status === 404) return { items: [] };
  throw problem;
}

export const commands = {
  signIn: (email: string, password: string) => http.post<{ token: string; manager: Manager }>("/login", { email, password }),
  signOut: () => http.post<void>("/logout"),
  changeMe: (change: Partial<Pick<Me, "language" | "ring_devices" | "status">>) => http.patch<Me>("/me", change),
  changeConversation: (id: string, change: Partial<Pick<Conversation, "state" | "assignee_id" | "team_id" | "tags">>) =>
    http.patch<Conversation>(`/conversations/${id}`, change),
  addNote: (id: string, text: string) => http.post<Note>(`/conversations/${id}/notes`, { text }),
  callBack: (id: string) => http.post<Call>(`/conversations/${id}/calls`),
  hangUp: (callId: string) => http.post<void>(`/calls/${callId}/hang-up`),
  changeCustomer: (id: string, change: Partial<Pick<Customer, "name" | "blocked">>) =>
    http.patch<Customer>(`/customers/${id}`, change),
  issueNumber: (e164: string) => http.post<PhoneNumber>("/numbers", { e164 }),
  changeNumber: (id: string, change: Partial<Pick<PhoneNumber, "ring_seconds" | "ringback" | "routing" | "is_default">>) =>
    http.patch<PhoneNumber>(`/numbers/${id}`, change),
  releaseNumber: (id: string) => http.delete<void>(`/numbers/${id}`),
  addPhones: (phones: { name: string; manager_id: string }[]) => http.post<List<Phone>>("/phones", { phones }),
  changePhone: (id: string, change: Partial<Pick<Phone, "name" | "manager_id">>) => http.patch<Phone>(`/phones/${id}`, change),
  deletePhone: (id: string) => http.delete<void>(`/phones/${id}`),
  browserPhone: (kind: Exclude<DeviceKind, "desk_phone">) => http.post<SipCredential>("/browser-phone", { kind }),
  customerPhone: (from: string) => http.post<SipCredential>("/demo/customer-phone", from ? { from } : {}),
};
