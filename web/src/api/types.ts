/** The objects of the HTTP API (`/api/v1`) as the console reads them. Times are RFC 3339, ids opaque strings. */

export type Language = "ko" | "en" | "ja" | "zh" | "es";
export type Role = "owner" | "admin" | "manager";
export type DeviceKind = "desktop" | "mobile" | "desk_phone";

/** What a manager is doing now; `call`, `post_call` and `meet` are derived and cannot be chosen. */
export type OperatorStatus =
  | "waiting" | "chat" | "call" | "post_call" | "meet"
  | "eat" | "rest" | "in_meeting" | "education" | "other_work"
  | "off" | "vacation";

export interface Manager {
  id: string;
  name: string;
  email: string;
  role: Role;
  team_ids: string[];
  language: Language;
  status: OperatorStatus;
  ring_devices: { desktop: boolean; mobile: boolean; desk_phone: boolean };
  unassigned_call_alert: boolean;
  seat: boolean;
  actions?: string[];
}

export interface Workspace {
  name: string;
  demo: boolean;
}

export interface Me extends Manager {
  workspace: Workspace;
}

export interface Team {
  id: string;
  name: string;
  manager_ids: string[];
}

export type RoutingKind = "none" | "manager" | "team" | "workflow" | "echo";

export interface PhoneNumber {
  id: string;
  e164: string;
  country: string;
  network: string;
  carrier_id: string | null;
  is_default: boolean;
  ring_seconds: number;
  ringback: { kind: "loop" | "national" | "custom"; audio_id?: string | null };
  routing: { kind: RoutingKind; id?: string | null };
  caller_id: { state: string; e164: string | null } | null;
  actions?: string[];
}

export interface AvailableNumber {
  e164: string;
  country: string;
  network: string;
}

export interface Phone {
  id: string;
  name: string;
  manager_id: string;
  device_address: string;
  user_id: string;
  password: string;
  link: { state: "linked" | "no_signal"; since: string | null; user_agent: string | null; address: string | null };
  actions?: string[];
}

export interface PhoneServer {
  country: string;
  label: string;
  host: string;
  port: number;
  transports: string[];
}

export interface Customer {
  id: string;
  name: string;
  phone_numbers: string[];
  language: Language | null;
  profile: Record<string, unknown>;
  blocked: boolean;
  is_lead: boolean;
  actions?: string[];
}

export type ConversationState = "open" | "snoozed" | "missed" | "queued" | "closed";
export type CallState = "workflow" | "queued" | "ringing" | "engaged" | "ended";
export type Direction = "inbound" | "outbound";

export interface LastCall {
  direction: Direction;
  state: CallState;
  missed_reason: string | null;
  started_at: string;
  engaged_at: string | null;
  ended_at: string | null;
}

export interface Conversation {
  id: string;
  state: ConversationState;
  customer: { id: string; name: string; phone_numbers: string[]; is_lead: boolean };
  number_id: string | null;
  team_id: string | null;
  assignee_id: string | null;
  missed_reason: string | null;
  tags: string[];
  last_activity_at: string;
  last_call: LastCall | null;
  actions: string[];
}

export interface KeyPress {
  step: string;
  key: string;
  at: string;
}

export interface Call {
  id: string;
  direction: Direction;
  kind: "call" | "front_meet";
  from: string;
  to: string;
  state: CallState;
  started_at: string;
  engaged_at: string | null;
  ended_at: string | null;
  missed_reason: string | null;
  failure?: string | null;
  held?: boolean;
  conversation_id: string | null;
  manager_ids: string[];
  keys: KeyPress[];
  recording: { url: string; seconds: number } | null;
  actions?: string[];
}

export interface Note {
  id: string;
  conversation_id: string;
  manager_id: string | null;
  text: string;
  at: string;
}

/** A line of a conversation that is neither a call nor a note: assigned, state changed. */
export interface Entry {
  id: string;
  conversation_id: string;
  kind: string;
  value: string;
  at: string;
  by: string | null;
}

export type TimelineItem =
  | { kind: "call"; call: Call }
  | { kind: "note"; note: Note }
  | { kind: "entry"; entry: Entry };

export interface List<T> {
  items: T[];
  next?: string | null;
}

/** The server's own health. `resync`: events were lost, lists must be read again. */
export interface SystemHealth {
  version: string;
  store_failing: boolean;
  resync: boolean;
}

/** A short-lived SIP credential for a phone in the page. */
export interface SipCredential {
  uri: string;
  username: string;
  password: string;
  ws_path: string;
  expires_at: string;
  ice_servers: RTCIceServer[];
}
