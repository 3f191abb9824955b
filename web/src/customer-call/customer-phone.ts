/** A customer's phone in the page: a SIP user agent of its own, beside the manager's. */
import type { IncomingRTCSessionEvent } from "jssip/lib/UA";
import { commands } from "../api/queries";
import { SipAgent, type LineState } from "../sip/agent";
import { MicrophoneProblem, openMicrophone, silence } from "../sip/microphone";
import { Tone } from "../sip/tone";
import { VoiceCall, type CallState } from "../sip/voice-call";

export interface CustomerPhoneState {
  line: LineState;
  call: CallState | null;
  /** Who rings this phone, when somebody does. */
  caller: string;
  /** No microphone: it may listen but not speak. */
  listensOnly: boolean;
}

/** A plain telephone: echo is taken out, nothing else is done to the voice. */
const VOICE: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: false, autoGainControl: false };

export class CustomerPhone {
  #state: CustomerPhoneState = { line: "starting", call: null, caller: "", listensOnly: false };
  #call: VoiceCall | null = null;
  readonly #agent: SipAgent;
  readonly #tone = new Tone();
  readonly #listeners = new Set<() => void>();

  /** `from`: the number this customer calls from; empty for one the server picks. */
  constructor(from: string) {
    this.#agent = new SipAgent({
      credential: () => commands.customerPhone(from),
      onLine: (line) => this.#set({ line }),
      onIncoming: (event) => this.#onIncoming(event),
      isBusy: () => this.#isBusy(),
    });
    this.#agent.start();
    window.addEventListener("pagehide", this.#onPageHide);
  }

  readonly subscribe = (listener: () => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly getState = () => this.#state;
  readonly getRemote = (): MediaStream | null => this.#call?.remote ?? null;

  async dial(to: string): Promise<void> {
    if (this.#isBusy()) return;
    const call = this.#begin("calling");
    this.#publish();
    const microphone = await this.#microphone();
    if (call.state.phase === "ended") return microphone.getTracks().forEach((track) => track.stop());
    call.dial((options) => this.#agent.call(to, options), microphone, this.#agent.iceServers, []);
  }

  async answer(): Promise<void> {
    const call = this.#call;
    if (call?.state.phase !== "incoming") return;
    const microphone = await this.#microphone();
    if ((call.state.phase as string) !== "incoming") return microphone.getTracks().forEach((track) => track.stop());
    call.answer(microphone);
  }

  hangUp(): void {
    this.#call?.hangUp();
  }

  sendKey(key: string): void {
    this.#call?.sendKey(key);
  }

  stop(): void {
    window.removeEventListener("pagehide", this.#onPageHide);
    this.#call?.hangUp();
    this.#tone.play(null);
    this.#agent.stop();
  }

  readonly #onPageHide = () => this.#agent.stop();

  #isBusy(): boolean {
    return this.#call !== null && this.#call.state.phase !== "ended";
  }

  #onIncoming({ session }: IncomingRTCSessionEvent): void {
    if (this.#isBusy()) return session.terminate({ status_code: 486, reason_phrase: "Busy Here" });
    this.#state = { ...this.#state, caller: session.remote_identity.uri.user ?? "" };
    const call = this.#begin("incoming");
    call.adopt(session, this.#agent.iceServers, null);
    this.#publish();
  }

  #begin(phase: "incoming" | "calling"): VoiceCall {
    const call = new VoiceCall(phase, () => {
      if (this.#call === call) this.#publish();
    });
    this.#call = call;
    return call;
  }

  async #microphone(): Promise<MediaStream> {
    try {
      const stream = await openMicrophone(VOICE);
      this.#set({ listensOnly: false });
      return stream;
    } catch (problem) {
      if (!(problem instanceof MicrophoneProblem)) throw problem;
      this.#set({ listensOnly: true });
      return silence();
    }
  }

  #publish(): void {
    const call = this.#call?.state ?? null;
    this.#tone.play(call?.phase === "incoming" ? "ring" : call?.phase === "ringing" && !call.earlyMedia ? "ringback" : null);
    this.#set({ call });
  }

  #set(change: Partial<CustomerPhoneState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}
