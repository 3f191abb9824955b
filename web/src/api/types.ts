/** The objects of the HTTP API under the console's names; `generated.ts` is made from `openapi.json`. */
import type { components } from "./generated";

type Schemas = components["schemas"];

/**
 * A thing as the server sends it: every field is there, `null` where there is nothing. The document marks fields with a
 * default as optional, because requests may leave them out.
 */
export type Sent<T> = T extends (infer Item)[]
  ? Sent<Item>[]
  : T extends object
    ? { [Key in keyof T]-?: Sent<Exclude<T[Key], undefined>> }
    : T;

export type Language = Schemas["Language"];
export type DeviceKind = Schemas["RingDevice"];
export type OperatorStatus = Schemas["OperatorStatus"];
export type ConversationState = Schemas["ConversationState"];
export type RoutingKind = Schemas["RouteKind"];

export type Workspace = Sent<Schemas["WorkspaceView"]>;
export type Manager = Sent<Schemas["Manager"]>;
export type Me = Sent<Schemas["Me"]>;
export type Team = Sent<Schemas["Team"]>;
export type Workflow = Sent<Schemas["Workflow"]>;
export type PhoneNumber = Sent<Schemas["Number"]>;
export type AvailableNumber = Sent<Schemas["AvailableNumber"]>;
export type Phone = Sent<Schemas["Phone"]>;
export type PhoneServer = Sent<Schemas["PhoneServer"]>;
export type Customer = Sent<Schemas["Customer"]>;
export type LastCall = Sent<Schemas["LastCall"]>;
export type Conversation = Sent<Schemas["Conversation"]>;
export type Call = Sent<Schemas["Call"]>;
export type CallTrace = Sent<Schemas["Trace"]>;
export type TraceItem = Sent<Schemas["TraceItem"]>;
export type TraceLeg = Sent<Schemas["TraceLeg"]>;
export type Note = Sent<Schemas["Note"]>;
/** A line of a conversation that is neither a call nor a note: assigned, state changed. */
export type Entry = Sent<Schemas["Entry"]>;
export type SystemHealth = Sent<Schemas["System"]>;
/** A short-lived SIP credential for a phone in the page. */
export type SipCredential = Sent<Schemas["BrowserPhone"]>;

export type TimelineItem = Sent<Schemas["TimelineItem"]>;

/** What may be changed of a thing. */
export type MyChange = Schemas["MyFieldsPatch"];
export type ConversationChange = Schemas["ConversationFieldsPatch"];
export type CustomerChange = Schemas["CustomerFieldsPatch"];
export type NumberChange = Schemas["NumberFieldsPatch"];
export type PhoneChange = Schemas["PhoneFieldsPatch"];
/** Exactly one of a colleague, a number and another call. */
export type TransferTarget = Schemas["Transfer"];
export type NewPhone = Schemas["PhoneFields"];

export interface List<T> {
  items: T[];
  next?: string | null;
}
