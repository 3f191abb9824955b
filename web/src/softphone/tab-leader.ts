/** One tab of the browser is the phone; the others show what it does and may take over. */

export interface TabHooks {
  onLead: () => void;
  onLose: () => void;
  onMessage: (message: unknown) => void;
}

export class TabLeader {
  readonly #name: string;
  readonly #hooks: TabHooks;
  readonly #channel: BroadcastChannel;
  #release: (() => void) | null = null;
  /** Ends the waiting of this tab, when it need not wait any more. */
  #waiting: AbortController | null = null;
  #stopped = false;

  constructor(name: string, hooks: TabHooks) {
    this.#name = name;
    this.#hooks = hooks;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = (event) => hooks.onMessage(event.data);
  }

  /** Waits its turn to lead. Without Web Locks (a page without TLS) every tab leads for itself. */
  start(): void {
    if (!navigator.locks) return this.#hooks.onLead();
    this.#wait();
  }

  /** Takes the lead away from the tab that has it. */
  takeOver(): void {
    if (!navigator.locks) return;
    this.#waiting?.abort();
    this.#request({ steal: true });
  }

  tell(message: unknown): void {
    if (!this.#stopped) this.#channel.postMessage(message);
  }

  stop(): void {
    this.#stopped = true;
    this.#waiting?.abort();
    this.#release?.();
    this.#channel.close();
  }

  #wait(): void {
    this.#waiting = new AbortController();
    this.#request({ signal: this.#waiting.signal });
  }

  #request(options: LockOptions): void {
    const lead = () =>
      new Promise<void>((release) => {
        if (this.#stopped) return release();
        this.#release = release;
        this.#hooks.onLead();
      });
    navigator.locks.request(this.#name, options, lead).catch(() => {
      if (this.#stopped || options.signal?.aborted) return;
      // Another tab took over: step down, then wait behind it.
      this.#release = null;
      this.#hooks.onLose();
      this.#wait();
    });
  }
}
