/** What the console asks the server, one query or command a line; every path of the API is named here and nowhere else. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { bodyOf, client } from "./http";
import type { ConversationChange, ConversationState, CustomerChange, DeviceKind, MyChange, NewPhone, NumberChange, PhoneChange, TransferTarget } from "./types";

const PAGE = 50;
/** Lists that are small by nature (managers, teams, numbers, phones) are read whole, up to the largest page there is. */
const WHOLE = { params: { query: { limit: 200 } } };

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
  call: (id: string) => ["call", id] as const,
  trace: (id: string) => ["trace", id] as const,
  customers: (search: string) => ["customers", search] as const,
  allCustomers: ["customers"] as const,
  customer: (id: string) => ["customer", id] as const,
  numbers: ["numbers"] as const,
  phones: ["phones"] as const,
  managers: ["managers"] as const,
  teams: ["teams"] as const,
  workflows: ["workflows"] as const,
};

const byId = (id: string) => ({ params: { path: { id } } });
/** Leaves a part of a query out when it is empty. */
const given = <K extends string>(name: K, value: string | null) => (value ? ({ [name]: value } as Record<K, string>) : {});

export const queries = {
  me: queryOptions({ queryKey: keys.me, queryFn: () => bodyOf(client.GET("/me")), staleTime: 60_000 }),
  /** Known before sign-in: whose workspace this is and whether it is the demo. */
  workspace: queryOptions({ queryKey: ["workspace"], queryFn: () => bodyOf(client.GET("/workspace")), staleTime: Infinity }),
  conversations: (filter: ConversationFilter) =>
    infiniteQueryOptions({
      queryKey: keys.conversations(filter),
      queryFn: ({ pageParam }) => {
        const state = filter.state === "all" ? null : filter.state;
        const query = { limit: PAGE, ...given("state", state), ...given("assignee_id", filter.assignee_id), ...given("after", pageParam) };
        return bodyOf(client.GET("/conversations", { params: { query } }));
      },
      initialPageParam: "",
      getNextPageParam: (page) => page.next ?? undefined,
    }),
  conversation: (id: string) =>
    queryOptions({ queryKey: keys.conversation(id), queryFn: () => bodyOf(client.GET("/conversations/{id}", byId(id))) }),
  timeline: (id: string) =>
    queryOptions({
      queryKey: keys.timeline(id),
      queryFn: () => bodyOf(client.GET("/conversations/{id}/timeline", byId(id))),
    }),
  call: (id: string) => queryOptions({ queryKey: keys.call(id), queryFn: () => bodyOf(client.GET("/calls/{id}", byId(id))) }),
  /** Of a call that lasts, asked for again each second. */
  trace: (id: string, lasts: boolean) =>
    queryOptions({
      queryKey: keys.trace(id),
      queryFn: () => bodyOf(client.GET("/calls/{id}/trace", byId(id))),
      refetchInterval: lasts ? 1000 : false,
      staleTime: 0,
    }),
  /** The call a manager talks in, for a phone that was not told its name. */
  talking: (managerId: string) =>
    queryOptions({
      queryKey: ["talking", managerId],
      queryFn: async () => {
        const calls = await bodyOf(client.GET("/calls", { params: { query: { state: "engaged", limit: 200 } } }));
        return calls.items.find((call) => call.manager_ids.includes(managerId)) ?? null;
      },
      staleTime: 0,
    }),
  customers: (search: string) =>
    infiniteQueryOptions({
      queryKey: keys.customers(search),
      queryFn: ({ pageParam }) => {
        const query = { limit: PAGE, ...given("search", search), ...given("after", pageParam) };
        return bodyOf(client.GET("/customers", { params: { query } }));
      },
      initialPageParam: "",
      getNextPageParam: (page) => page.next ?? undefined,
    }),
  customer: (id: string) =>
    queryOptions({ queryKey: keys.customer(id), queryFn: () => bodyOf(client.GET("/customers/{id}", byId(id))) }),
  numbers: queryOptions({ queryKey: keys.numbers, queryFn: () => bodyOf(client.GET("/numbers", WHOLE)) }),
  availableNumbers: queryOptions({
    queryKey: ["available-numbers"],
    queryFn: () => bodyOf(client.GET("/numbers/available")),
    staleTime: 0,
  }),
  phones: queryOptions({ queryKey: keys.phones, queryFn: () => bodyOf(client.GET("/phones", WHOLE)) }),
  phoneServers: queryOptions({
    queryKey: ["phone-servers"],
    queryFn: () => bodyOf(client.GET("/phones/servers")),
    staleTime: 300_000,
  }),
  managers: queryOptions({ queryKey: keys.managers, queryFn: () => bodyOf(client.GET("/managers", WHOLE)) }),
  teams: queryOptions({ queryKey: keys.teams, queryFn: () => bodyOf(client.GET("/teams", WHOLE)) }),
  workflows: queryOptions({ queryKey: keys.workflows, queryFn: () => bodyOf(client.GET("/workflows", WHOLE)) }),
};

type BrowserKind = Exclude<DeviceKind, "desk_phone">;

export const commands = {
  signIn: (email: string, password: string) => bodyOf(client.POST("/login", { body: { email, password } })),
  signOut: () => bodyOf(client.POST("/logout")),
  changeMe: (body: MyChange) => bodyOf(client.PATCH("/me", { body })),
  changeConversation: (id: string, body: ConversationChange) =>
    bodyOf(client.PATCH("/conversations/{id}", { ...byId(id), body })),
  addNote: (id: string, text: string) => bodyOf(client.POST("/conversations/{id}/notes", { ...byId(id), body: { text } })),
  callBack: (id: string) => bodyOf(client.POST("/conversations/{id}/calls", byId(id))),
  hangUp: (id: string) => bodyOf(client.POST("/calls/{id}/hang-up", byId(id))),
  takeBack: (id: string) => bodyOf(client.DELETE("/calls/{id}/transfer", byId(id))),
  transfer: (id: string, body: TransferTarget) => bodyOf(client.POST("/calls/{id}/transfer", { ...byId(id), body })),
  changeCustomer: (id: string, body: CustomerChange) => bodyOf(client.PATCH("/customers/{id}", { ...byId(id), body })),
  issueNumber: (e164: string) => bodyOf(client.POST("/numbers", { body: { e164 } })),
  changeNumber: (id: string, body: NumberChange) => bodyOf(client.PATCH("/numbers/{id}", { ...byId(id), body })),
  releaseNumber: (id: string) => bodyOf(client.DELETE("/numbers/{id}", byId(id))),
  addPhones: (phones: NewPhone[]) => bodyOf(client.POST("/phones", { body: { phones } })),
  changePhone: (id: string, body: PhoneChange) => bodyOf(client.PATCH("/phones/{id}", { ...byId(id), body })),
  deletePhone: (id: string) => bodyOf(client.DELETE("/phones/{id}", byId(id))),
  browserPhone: (kind: BrowserKind) => bodyOf(client.POST("/browser-phone", { body: { kind } })),
  customerPhone: (from: string) => bodyOf(client.POST("/demo/customer-phone", { body: from ? { from } : {} })),
};
