// One Chromium with one fake microphone and a page that is a phone of SIP.js, steered by lines of JSON on stdin; each is
// answered by one line on stdout. The scenarios are in the Rust tests that start this (crates/server/tests/real/sipjs_calls.rs).
//
// usage: node tests/browser/sipjs.mjs HERTZ LIBRARY     HERTZ: the tone the microphone hears; LIBRARY: the folder of SIP.js
import { createInterface } from 'node:readline';
import { readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch } from './chromium.mjs';
import { measureInPage } from './measure.mjs';

const DEADLINE_MS = 20_000;
const [hertz, library] = process.argv.slice(2);
const chromium = await launch(Number(hertz));
// The server's own pages allow no scripts but theirs; this one is not the server's.
const page = await (await chromium.browser.newContext({ permissions: ['microphone'], bypassCSP: true })).newPage();
page.setDefaultTimeout(DEADLINE_MS);
const complaints = [];
page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()));
page.on('pageerror', (error) => complaints.push(String(error)));

/** Answers for the page what is not the server's: its script and the library. */
async function serve(route) {
  const path = normalize(new URL(route.request().url()).pathname.replace('/sipjs/', ''));
  const file = path === 'phone.mjs' ? fileURLToPath(new URL('sipjs-phone.mjs', import.meta.url)) : join(library, path);
  return route.fulfill({ contentType: 'text/javascript', body: readFileSync(file) });
}

async function heard(id, wanted) {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const now = await page.evaluate(measureInPage, id);
    if (wanted(now)) return;
    if (Date.now() > deadline) throw new Error(`${id} plays ${now.peak_hertz.toFixed(0)} Hz at ${now.peak_db.toFixed(0)} dB`);
    await page.waitForTimeout(50);
  }
}

/** What `doing` comes to, if it comes in time. */
async function inTime(name, doing) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${name} takes too long`)), DEADLINE_MS);
  });
  return Promise.race([doing, late]).finally(() => clearTimeout(timer));
}

const commands = {
  async open({ base }) {
    await page.route(`${base}/sipjs/**`, serve);
    // A page that the server gives: from one that is made up here Chromium would not let a script reach a loopback address.
    await page.goto(`${base}/readyz`);
    await page.addScriptTag({ type: 'module', url: `${base}/sipjs/phone.mjs` });
    await page.waitForFunction(() => window.phone !== undefined);
  },
  phone: ({ name, given }) => inTime(name, page.evaluate(([what, values]) => window.phone[what](...values), [name, given])),
  async state({ call, state }) {
    await page.waitForFunction(([number, wanted]) => window.phone.stateOf(number) === wanted, [call, state]);
  },
  async hears({ call, hertz: wanted }) {
    await heard(`call-${call}`, ({ peak_hertz, peak_db }) => Math.abs(peak_hertz - wanted) < 12 && peak_db > -45);
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  let answer;
  try {
    answer = { ok: true, ...(await commands[command.do](command)) };
  } catch (error) {
    answer = { ok: false, error: String(error), page: page.url(), complaints };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await chromium.close();
