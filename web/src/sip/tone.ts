/** Sounds made in the page: the ring of an incoming call and the tone while the other side rings. */

interface Pattern {
  frequencies: number[];
  /** On and off, seconds; the sum is one round. */
  bursts: { at: number; seconds: number }[];
  round: number;
  level: number;
}

const RING: Pattern = {
  frequencies: [587.33, 880],
  bursts: [
    { at: 0, seconds: 0.35 },
    { at: 0.45, seconds: 0.35 },
  ],
  round: 2.6,
  level: 0.12,
};

/** Korea's ringing tone: 440 + 480 Hz, one second on, two off. */
const RINGBACK: Pattern = { frequencies: [440, 480], bursts: [{ at: 0, seconds: 1 }], round: 3, level: 0.06 };

const PATTERNS = { ring: RING, ringback: RINGBACK };
const FADE_SECONDS = 0.02;

export class Tone {
  #context: AudioContext | null = null;
  #timer: number | undefined;
  #playing: keyof typeof PATTERNS | null = null;

  /** Plays one pattern until told otherwise; `null` is silence. */
  play(name: keyof typeof PATTERNS | null): void {
    if (name === this.#playing) return;
    this.#playing = name;
    window.clearInterval(this.#timer);
    void this.#context?.close();
    this.#context = null;
    if (!name) return;
    const context = new AudioContext();
    this.#context = context;
    const pattern = PATTERNS[name];
    this.#round(context, pattern);
    this.#timer = window.setInterval(() => this.#round(context, pattern), pattern.round * 1000);
  }

  #round(context: AudioContext, pattern: Pattern): void {
    // Without a click the browser may hold the sound back; try again each round.
    if (context.state === "suspended") void context.resume().catch(() => undefined);
    for (const burst of pattern.bursts) this.#burst(context, pattern, context.currentTime + 0.02 + burst.at, burst.seconds);
  }

  #burst(context: AudioContext, pattern: Pattern, at: number, seconds: number): void {
    const gain = context.createGain();
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(pattern.level, at + FADE_SECONDS);
    gain.gain.setValueAtTime(pattern.level, at + seconds - FADE_SECONDS);
    gain.gain.linearRampToValueAtTime(0, at + seconds);
    gain.connect(context.destination);
    for (const frequency of pattern.frequencies) {
      const oscillator = context.createOscillator();
      oscillator.frequency.value = frequency;
      oscillator.connect(gain);
      oscillator.start(at);
      oscillator.stop(at + seconds);
    }
  }
}
