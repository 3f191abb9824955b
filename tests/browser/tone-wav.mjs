const RATE = 48_000;

/** One second of a sine as a WAV file; Chromium repeats it, and a whole number of periods makes that seamless. */
export function toneWav(hertz) {
  const data = Buffer.alloc(RATE * 2);
  for (let at = 0; at < RATE; at += 1) data.writeInt16LE(Math.round(9_000 * Math.sin((2 * Math.PI * Math.round(hertz) * at) / RATE)), at * 2);
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + data.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(RATE, 24);
  head.writeUInt32LE(RATE * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(data.length, 40);
  return Buffer.concat([head, data]);
}
