/** What the browser phone is doing, as plain data that tabs can send each other. */
import type { LineState } from "../sip/agent";
import type { MicrophoneState } from "../sip/microphone";
import type { CallState } from "../sip/voice-call";

export interface PhoneCall extends CallState {
  direction: "inbound" | "outbound";
  /** The customer's name, or empty. */
  name: string;
  /** The other side's number. */
  peer: string;
  /** The server's id of the call, or empty while it is not known. */
  callId: string;
  /** The workspace's number that was dialled, E.164, or empty. */
  dialled: string;
}

export interface SoftphoneState {
  /** Is this tab the phone? */
  leading: boolean;
  line: LineState;
  microphone: MicrophoneState;
  call: PhoneCall | null;
}

export type StatusKind =
  | "starting" | "ready" | "away" | "refused" | "no_seat" | "microphone_refused" | "no_microphone" | "insecure" | "other_tab";

export const STARTING: SoftphoneState = { leading: false, line: "starting", microphone: "ok", call: null };

/** The one thing to tell the manager now: what stands in the way, worst first. */
export function statusOf(state: SoftphoneState): StatusKind {
  if (state.microphone === "insecure") return "insecure";
  if (!state.leading && state.line !== "starting") return "other_tab";
  if (state.line !== "ready") return state.line;
  if (state.microphone === "refused") return "microphone_refused";
  if (state.microphone === "missing") return "no_microphone";
  return "ready";
}

/** Idle, or what the call is in; the word tests and styles look at. */
export function callWord(call: PhoneCall | null): string {
  if (!call) return "idle";
  return call.phase === "engaged" && call.held ? "held" : call.phase;
}

export type Command =
  | { do: "dial"; to: string; fromNumberId: string | null }
  | { do: "answer" }
  | { do: "hangUp" }
  | { do: "mute"; on: boolean }
  | { do: "hold"; on: boolean }
  | { do: "key"; key: string };

export type TabMessage = { hello: true } | { state: SoftphoneState } | { command: Command };

/** The digits of what was typed or pasted: spaces, dots, hyphens and brackets go. `null` when it is no number. */
export function dialable(text: string): string | null {
  const bare = text.replace(/[\s().\-–]/g, "");
  return /^\+?[0-9*#]{2,32}$/.test(bare) ? bare : null;
}
