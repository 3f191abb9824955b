/** The manager's phone in the browser: one signed-in tab, one call at a time. */
import type { IncomingRTCSessionEvent } from "jssip/lib/UA";
import { commands } from "../api/queries";
import { SipAgent } from "../sip/agent";
import { asksAutoAnswer } from "../sip/failure";
import { MicrophoneProblem, openMicrophone, watchMicrophone } from "../sip/microphone";
import { Tone } from "../sip/tone";
import { VoiceCall } from "../sip/voice-call";
import { notifyOfCall } from "./notification";
import { STARTING, type Command, type PhoneCall, type SoftphoneState, type TabMessage } from "./state";
import { TabLeader } from "./tab-leader";

/** How long the end of a call and its reason stay on the screen. */
const AFTERGLOW_MS = 4_000;
const VOICE: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

type About = Pick<PhoneCall, "direction" | "name" | "peer" | "callId" | "dialled">;

function deviceKind(): "desktop" | "mobile" {
  return matchMedia("(pointer: coarse) and (max-width: 820px)").matches ? "mobile" : "desktop";
}

export class Softphone {
  #state: SoftphoneState = STARTING;
  #call: VoiceCall | null = null;
  #about: About = { direction: "inbound", name: "", peer: "", callId: "", dialled: "" };
  #agent: SipAgent | null = null;
  #afterglow: number | undefined;
  #closeNotification: () => void = () => undefined;
  readonly #tabs: TabLeader;
  readonly #tone = new Tone();
  readonly #listeners = new Set<() => void>();
  readonly #stopWatching: () => void;

  constructor(managerId: string) {
    this.#tabs = new TabLeader(`sori.softphone.${managerId}`, {
      onLead: () => this.#lead(),
      onLose: () => this.#stepDown(),
      onMessage: (message) => this.#onMessage(message as TabMessage),
    });
    this.#stopWatching = watchMicrophone((microphone) => {
      if (this.#state.leading) this.#set({ microphone });
      else this.#state = { ...this.#state, microphone };
    });
    this.#tabs.start();
    this.#tabs.tell({ hello: true } satisfies TabMessage);
    window.addEventListener("pagehide", this.#onPageHide);
  }

  stop(): void {
    window.removeEventListener("pagehide", this.#onPageHide);
    this.#call?.hangUp();
    this.#stepDown();
    this.#stopWatching();
    this.#tabs.stop();
  }

  readonly subscribe = (listener: () => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly getState = () => this.#state;

  /** What the other side says; `null` without a call or when the call is in another tab. */
  readonly getRemote = (): MediaStream | null => this.#call?.remote ?? null;

  takeOver(): void {
    this.#tabs.takeOver();
  }

  /** Carries a command out here, or in the tab that is the phone. */
  command(command: Command): void {
    if (!this.#state.leading) return this.#tabs.tell({ command } satisfies TabMessage);
    switch (command.do) {
      case "dial":
        return void this.#dial(command.to, command.fromNumberId);
      case "answer":
        return void this.#answer();
      case "hangUp":
        return this.#call?.hangUp();
      case "mute":
        return this.#call?.setMuted(command.on);
      case "hold":
        return this.#call?.setHeld(command.on);
      case "key":
        return this.#call?.sendKey(command.key);
    }
  }

  readonly #onPageHide = () => this.#agent?.stop();

  #lead(): void {
    this.#agent = new SipAgent({
      credential: () => commands.browserPhone(deviceKind()),
      onLine: (line) => this.#set({ line }),
      onIncoming: (event) => this.#onIncoming(event),
      isBusy: () => this.#isBusy(),
    });
    this.#set({ leading: true, line: "starting", call: null });
    this.#agent.start();
  }

  #stepDown(): void {
    this.#call?.hangUp();
    this.#agent?.stop();
    this.#agent = null;
    this.#tone.play(null);
    if (this.#state.leading) this.#set({ leading: false, line: "starting", call: null });
    this.#tabs.tell({ hello: true } satisfies TabMessage);
  }

  #isBusy(): boolean {
    return this.#call !== null && this.#call.state.phase !== "ended";
  }

  #onMessage(message: TabMessage): void {
    if ("state" in message && !this.#state.leading) {
      this.#show({ ...message.state, leading: false, microphone: message.state.microphone });
    } else if ("hello" in message && this.#state.leading) {
      this.#tabs.tell({ state: this.#state } satisfies TabMessage);
    } else if ("command" in message && this.#state.leading) {
      this.command(message.command);
    }
  }

  #onIncoming({ session, request }: IncomingRTCSessionEvent): void {
    if (this.#isBusy()) return session.terminate({ status_code: 486, reason_phrase: "Busy Here" });
    const header = (name: string) => request.getHeader(name) ?? "";
    const peer = session.remote_identity.uri.user ?? "";
    const name = session.remote_identity.display_name ?? "";
    const call = this.#begin("incoming", {
      direction: asksAutoAnswer(header("Call-Info")) ? "outbound" : "inbound",
      name: name === peer ? "" : name,
      peer,
      callId: header("X-Sori-Call"),
      dialled: header("X-Sori-Number"),
    });
    call.adopt(session, this.#agent?.iceServers ?? [], header("X-Sori-Conversation") || null);
    this.#publish();
    if (asksAutoAnswer(header("Call-Info"))) return void this.#answer();
    this.#closeNotification = notifyOfCall(name || peer, header("X-Sori-Number"));
  }

  async #dial(to: string, fromNumberId: string | null): Promise<void> {
    if (this.#isBusy() || this.#state.line !== "ready") return;
    const call = this.#begin("calling", { direction: "outbound", name: "", peer: to, callId: "", dialled: "" });
    this.#publish();
    const microphone = await this.#microphone();
    if (!microphone) return call.fail("microphone");
    // Hung up while the browser asked for the microphone.
    if (call.state.phase === "ended") return microphone.getTracks().forEach((track) => track.stop());
    const headers = fromNumberId ? [`X-Sori-From-Number: ${fromNumberId}`] : [];
    call.dial((options) => this.#agent?.call(to, options) ?? null, microphone, this.#agent?.iceServers ?? [], headers);
  }

  async #answer(): Promise<void> {
    const call = this.#call;
    if (call?.state.phase !== "incoming") return;
    const microphone = await this.#microphone();
    if (!microphone) return;
    // The caller may have left while the browser asked for the microphone.
    if ((call.state.phase as string) !== "incoming") return microphone.getTracks().forEach((track) => track.stop());
    call.answer(microphone);
  }

  async #microphone(): Promise<MediaStream | null> {
    try {
      const stream = await openMicrophone(VOICE);
      this.#set({ microphone: "ok" });
      return stream;
    } catch (problem) {
      if (!(problem instanceof MicrophoneProblem)) throw problem;
      this.#set({ microphone: problem.state });
      return null;
    }
  }

  #begin(phase: "incoming" | "calling", about: About): VoiceCall {
    window.clearTimeout(this.#afterglow);
    this.#about = about;
    const call = new VoiceCall(phase, () => {
      if (this.#call === call) this.#publish();
    });
    this.#call = call;
    return call;
  }

  /** Shows the call as it stands, and lets the right sound play. */
  #publish(): void {
    const call = this.#call;
    if (!call) return;
    const { phase, earlyMedia } = call.state;
    const ringsHere = phase === "incoming" && this.#about.direction === "inbound";
    this.#tone.play(ringsHere ? "ring" : phase === "ringing" && !earlyMedia ? "ringback" : null);
    if (phase !== "incoming") this.#closeNotification();
    if (phase === "ended") this.#afterglow = window.setTimeout(() => this.#forget(call), AFTERGLOW_MS);
    this.#set({ call: { ...call.state, ...this.#about } });
  }

  #forget(call: VoiceCall): void {
    if (this.#call !== call) return;
    this.#call = null;
    this.#set({ call: null });
  }

  #set(change: Partial<SoftphoneState>): void {
    this.#show({ ...this.#state, ...change });
    if (this.#state.leading) this.#tabs.tell({ state: this.#state } satisfies TabMessage);
  }

  #show(state: SoftphoneState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}
