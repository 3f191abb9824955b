/** One call of a phone in the page: a JsSIP session read as plain state. */
import type { CallOptions } from "jssip/lib/UA";
import type { EndEvent, RTCSession, RTCSessionEventMap } from "jssip/lib/RTCSession";
import type { IncomingRequest, IncomingResponse } from "jssip/lib/SIPMessage";
import { failureOf, type Failure } from "./failure";

export type CallPhase = "incoming" | "calling" | "ringing" | "connecting" | "engaged" | "ended";

export interface CallState {
  phase: CallPhase;
  /** Unix milliseconds when both could talk. */
  engagedAt: number | null;
  muted: boolean;
  held: boolean;
  /** Keys sent so far. */
  keys: string;
  failure: Failure | null;
  /** The far end sends sound before it answers (announcement, ringback of the network). */
  earlyMedia: boolean;
  /** The conversation the server put the call in, once it said so. */
  conversationId: string | null;
}

/** ICE candidates on one machine or network come at once; do not wait long for the last one. */
const CANDIDATES_WITHIN_MS = 400;
const KEY_MS = 120;
const KEY_GAP_MS = 80;

const IDLE: CallState = {
  phase: "calling", engagedAt: null, muted: false, held: false, keys: "", failure: null, earlyMedia: false,
  conversationId: null,
};

type Listener = () => void;
type Place = (options: CallOptions) => RTCSession | null;

function conversationOf(message: IncomingResponse | undefined): string | null {
  return message?.getHeader("X-Sori-Conversation") ?? null;
}

export class VoiceCall {
  state: CallState;
  readonly remote = new MediaStream();
  #session: RTCSession | null = null;
  #microphone: MediaStream | null = null;
  readonly #changed: Listener;
  #iceServers: RTCIceServer[] = [];

  constructor(phase: "incoming" | "calling", changed: Listener) {
    this.state = { ...IDLE, phase };
    this.#changed = changed;
  }

  /** Takes over an INVITE that came in. */
  adopt(session: RTCSession, iceServers: RTCIceServer[], conversationId: string | null): void {
    this.#session = session;
    this.#iceServers = iceServers;
    this.state = { ...this.state, conversationId };
    for (const [type, handler] of Object.entries(this.#handlers())) session.on(type as keyof RTCSessionEventMap, handler as never);
  }

  /** Answers with this microphone; the call stops its tracks at the end. */
  answer(microphone: MediaStream): void {
    this.#microphone = microphone;
    this.#set({ phase: "connecting" });
    this.#session?.answer({ mediaStream: microphone, pcConfig: { iceServers: this.#iceServers } });
  }

  /** Sends an INVITE through `place`, which returns `null` when there is no connection. */
  dial(place: Place, microphone: MediaStream, iceServers: RTCIceServer[], extraHeaders: string[]): void {
    this.#microphone = microphone;
    this.#session = place({
      mediaStream: microphone,
      pcConfig: { iceServers },
      rtcOfferConstraints: { offerToReceiveAudio: true, offerToReceiveVideo: false },
      extraHeaders,
      eventHandlers: this.#handlers(),
    });
    if (!this.#session) this.#end("connection");
  }

  /** Hangs up, cancels or declines, whatever fits. */
  hangUp(): void {
    if (this.state.phase === "ended") return;
    try {
      this.#session?.terminate(this.state.phase === "incoming" ? { status_code: 603, reason_phrase: "Decline" } : {});
    } catch {
      // The session ended by itself in the same moment.
    }
    this.#end(null);
  }

  /** Gives a call up that was never placed. */
  fail(failure: Failure): void {
    this.#end(failure);
  }

  setMuted(muted: boolean): void {
    if (this.state.phase !== "engaged") return;
    if (muted) this.#session?.mute({ audio: true });
    else this.#session?.unmute({ audio: true });
    this.#set({ muted });
  }

  setHeld(held: boolean): void {
    if (this.state.phase !== "engaged" || !this.#session) return;
    const begun = held ? this.#session.hold() : this.#session.unhold();
    if (begun) this.#set({ held });
  }

  /** Sends a key as a telephone-event (RFC 4733). */
  sendKey(key: string): void {
    if (!this.#session?.isEstablished()) return;
    this.#session.sendDTMF(key, { duration: KEY_MS, interToneGap: KEY_GAP_MS, transportType: "RFC2833" as never });
    this.#set({ keys: this.state.keys + key });
  }

  #handlers(): Partial<RTCSessionEventMap> {
    let candidateTimer: number | undefined;
    return {
      peerconnection: ({ peerconnection }) => {
        peerconnection.addEventListener("track", (event) => {
          this.remote.addTrack(event.track);
          this.#changed();
        });
      },
      icecandidate: ({ ready }) => {
        candidateTimer ??= window.setTimeout(ready, CANDIDATES_WITHIN_MS);
      },
      progress: (event: object) => this.#onProgress(event as { originator: string; response?: IncomingResponse }),
      accepted: (event: object) => {
        if (this.state.phase === "ended") return;
        const conversationId = conversationOf((event as { response?: IncomingResponse }).response) ?? this.state.conversationId;
        this.#set({ phase: "engaged", engagedAt: Date.now(), conversationId });
      },
      hold: ({ originator }) => {
        if (String(originator) === "local") this.#set({ held: true });
      },
      unhold: ({ originator }) => {
        if (String(originator) === "local") this.#set({ held: false });
      },
      ended: (event) => this.#end(this.state.phase === "engaged" ? null : this.#failure(event)),
      failed: (event) => this.#end(this.#failure(event)),
    };
  }

  #onProgress(event: { originator: string; response?: IncomingResponse }): void {
    if (event.originator !== "remote" || this.state.phase === "engaged") return;
    const early = Boolean(event.response?.body);
    const conversationId = conversationOf(event.response) ?? this.state.conversationId;
    this.#set({ phase: "ringing", earlyMedia: this.state.earlyMedia || early, conversationId });
  }

  #failure(event: EndEvent): Failure | null {
    if (String(event.originator) === "local" && event.cause === "Canceled") return null;
    const message = event.message as (IncomingRequest & IncomingResponse) | null | undefined;
    return failureOf({
      cause: event.cause,
      reason: message?.getHeader?.("Reason"),
      status: typeof message?.status_code === "number" ? message.status_code : undefined,
    });
  }

  #end(failure: Failure | null): void {
    for (const track of this.#microphone?.getTracks() ?? []) {
      track.stop();
      track.dispatchEvent(new Event("ended"));
    }
    this.#microphone = null;
    if (this.state.phase !== "ended") this.#set({ phase: "ended", failure, held: false });
  }

  #set(change: Partial<CallState>): void {
    this.state = { ...this.state, ...change };
    this.#changed();
  }
}
