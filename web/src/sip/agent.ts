/** A SIP user agent over WebSocket that keeps itself signed in with short-lived credentials. */
import type { UA } from "jssip";
import type { CallOptions, IncomingRTCSessionEvent, RTCSessionEvent } from "jssip/lib/UA";
import type { RTCSession } from "jssip/lib/RTCSession";
import { ApiError } from "../api/problem";
import type { SipCredential } from "../api/types";

/** How the agent stands with the server. */
export type LineState = "starting" | "ready" | "away" | "refused" | "no_seat";

export interface AgentHooks {
  credential: () => Promise<SipCredential>;
  onLine: (state: LineState) => void;
  onIncoming: (event: IncomingRTCSessionEvent) => void;
  /** While true, a new credential waits: changing it would cut the call. */
  isBusy: () => boolean;
}

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;
/** A credential is renewed after this share of its life. */
const RENEW_AFTER = 0.75;
const SHORTEST_LIFE_MS = 10_000;
const BUSY_RECHECK_MS = 5_000;
const REGISTER_EXPIRES_SECONDS = 120;
/** Longer than the longest ring time (R74): the server ends the ringing, not this phone. */
const NO_ANSWER_SECONDS = 300;

function socketUrl(path: string): string {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`;
}

/** How the line stands when no credential was given. */
function lineAfter(problem: unknown): LineState {
  if (!(problem instanceof ApiError) || problem.status === 0 || problem.status >= 500) return "away";
  return problem.code === "no_seat" ? "no_seat" : "refused";
}

type Sip = typeof import("jssip");

export class SipAgent {
  readonly #hooks: AgentHooks;
  #ua: UA | null = null;
  /** The user agent before this one: it stays signed in until this one is, and until its call is over. */
  #before: UA | null = null;
  #credential: SipCredential | null = null;
  #retryMs = FIRST_RETRY_MS;
  #timer: number | undefined;
  #stopped = false;
  /** Counts credentials asked for, so that a late answer to an old question changes nothing. */
  #turn = 0;

  constructor(hooks: AgentHooks) {
    this.#hooks = hooks;
  }

  start(): void {
    this.#hooks.onLine("starting");
    window.addEventListener("online", this.#onOnline);
    void this.#connect();
  }

  /** Signs out and ends what is up. */
  stop(): void {
    this.#stopped = true;
    window.removeEventListener("online", this.#onOnline);
    window.clearTimeout(this.#timer);
    this.#before?.stop();
    this.#ua?.stop();
    this.#before = this.#ua = null;
  }

  get iceServers(): RTCIceServer[] {
    return this.#credential?.ice_servers ?? [];
  }

  /** Calls a number or SIP user at the server; `null` while there is no connection. */
  call(target: string, options: CallOptions): RTCSession | null {
    if (!this.#ua?.isConnected() || !this.#credential) return null;
    const host = this.#credential.uri.replace(/^sips?:/, "").split("@").pop() ?? "";
    return this.#ua.call(`sip:${target}@${host}`, options);
  }

  readonly #onOnline = () => {
    if (this.#ua?.isRegistered() || this.#hooks.isBusy()) return;
    this.#retryMs = FIRST_RETRY_MS;
    this.#schedule(0);
  };

  #schedule(ms: number): void {
    window.clearTimeout(this.#timer);
    if (!this.#stopped) this.#timer = window.setTimeout(() => void this.#connect(), ms);
  }

  #retry(state: LineState): void {
    this.#hooks.onLine(state);
    // A little spread, so that all browsers of an office do not come back in the same instant.
    this.#schedule(this.#retryMs * (0.8 + Math.random() * 0.4));
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
  }

  async #connect(): Promise<void> {
    if (this.#hooks.isBusy()) return this.#schedule(BUSY_RECHECK_MS);
    const turn = ++this.#turn;
    let credential: SipCredential;
    let sip: Sip;
    try {
      // The SIP stack is large: it is fetched with the first credential, not with the page.
      [sip, credential] = await Promise.all([import("jssip"), this.#hooks.credential()]);
    } catch (problem) {
      if (this.#stopped || turn !== this.#turn) return;
      return this.#retry(lineAfter(problem));
    }
    if (this.#stopped || turn !== this.#turn) return;
    if (this.#hooks.isBusy()) return this.#schedule(BUSY_RECHECK_MS);
    this.#replaceUa(sip, credential);
  }

  #replaceUa({ UA, WebSocketInterface }: Sip, credential: SipCredential): void {
    if (this.#ua?.isRegistered() && !this.#before) this.#before = this.#ua;
    else this.#ua?.stop();
    this.#credential = credential;
    const ua = new UA({
      sockets: [new WebSocketInterface(socketUrl(credential.ws_path))],
      uri: credential.uri,
      authorization_user: credential.username,
      password: credential.password,
      register_expires: REGISTER_EXPIRES_SECONDS,
      session_timers: false,
      no_answer_timeout: NO_ANSWER_SECONDS,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: LONGEST_RETRY_MS / 1000,
      user_agent: "sori-console",
    });
    this.#ua = ua;
    this.#wire(ua, credential);
    ua.start();
  }

  #stopBefore(): void {
    if (!this.#before) return;
    if (this.#hooks.isBusy()) return void window.setTimeout(() => this.#stopBefore(), BUSY_RECHECK_MS);
    this.#before.stop();
    this.#before = null;
  }

  #wire(ua: UA, credential: SipCredential): void {
    const whenCurrent = (act: () => void) => () => {
      if (ua === this.#ua && !this.#stopped) act();
    };
    ua.on("registered", whenCurrent(() => {
      this.#retryMs = FIRST_RETRY_MS;
      this.#hooks.onLine("ready");
      this.#stopBefore();
      const life = Math.max(Date.parse(credential.expires_at) - Date.now(), SHORTEST_LIFE_MS);
      this.#schedule(life * RENEW_AFTER);
    }));
    ua.on("disconnected", whenCurrent(() => this.#hooks.onLine("away")));
    ua.on("registrationFailed", (event) => {
      if (ua !== this.#ua || this.#stopped) return;
      // Without a connection JsSIP comes back by itself; a refusal needs a new credential.
      if (!ua.isConnected()) return this.#hooks.onLine("away");
      this.#retry(event.response ? "refused" : "away");
    });
    ua.on("newRTCSession", (event: RTCSessionEvent) => {
      if (event.originator === "remote" && (ua === this.#ua || ua === this.#before)) this.#hooks.onIncoming(event as IncomingRTCSessionEvent);
    });
  }
}
