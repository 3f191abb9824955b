// One Chromium with one fake microphone, steered by lines of JSON on stdin; each is answered by one line on stdout.
// The scenarios themselves are in the Rust tests that start this (crates/server/tests/real/browser.rs).
//
// usage: node tests/browser/driver.mjs HERTZ      HERTZ: the tone the microphone hears
import { createInterface } from 'node:readline';
import { launch } from './chromium.mjs';
import { measureInPage } from './measure.mjs';

const DEADLINE_MS = 20_000;

const chromium = await launch(Number(process.argv[2] ?? 440));
const page = await (await chromium.browser.newContext({ permissions: ['microphone'], ignoreHTTPSErrors: true, viewport: { width: 1360, height: 860 } })).newPage();
page.setDefaultTimeout(DEADLINE_MS);
const complaints = [];
page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
page.on('pageerror', (error) => complaints.push(String(error)));

const find = (id) => page.getByTestId(id).first();

/** Asks the page what an audio element plays until it is as wanted. The console's own rules forbid it to evaluate text, so the asking is done here. */
async function heard(id, wanted) {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const now = await page.evaluate(measureInPage, id);
    if (wanted(now)) return;
    if (Date.now() > deadline) throw new Error(`${id} plays ${now.peak_hertz.toFixed(0)} Hz at ${now.peak_db.toFixed(0)} dB`);
    await page.waitForTimeout(50);
  }
}

/** What can be asked for. Each returns what its answer line carries. */
const commands = {
  async sign_in({ base, email, password }) {
    await page.goto(base);
    await find('login-email').fill(email);
    await find('login-password').fill(password);
    await find('login-submit').click();
    await find('login-submit').waitFor({ state: 'detached' });
  },
  // Inside the application, so that its phone stays signed in.
  async follow({ path }) {
    await page.locator(`a[href="${path}"]`).first().click();
  },
  async click({ id }) {
    await find(id).click();
  },
  async press({ key }) {
    await page.keyboard.press(key);
  },
  async fill({ id, text }) {
    await find(id).fill(text);
  },
  async choose({ id, text }) {
    const element = find(id);
    await element.waitFor();
    if ((await element.evaluate((found) => found.tagName)) === 'SELECT') {
      const label = (await element.locator('option').allTextContents()).find((option) => option.replace(/\D/g, '').endsWith(text));
      if (label === undefined) throw new Error(`${id} does not offer ${text}`);
      await element.selectOption({ label });
      return;
    }
    await element.click();
    const options = page.getByRole('option');
    await options.first().waitFor();
    for (const option of await options.all()) {
      if ((await option.innerText()).replace(/\D/g, '').includes(text)) return option.click();
    }
    throw new Error(`${id} does not offer ${text}`);
  },
  async wait({ id, state }) {
    const selector = state === undefined ? `[data-testid="${id}"]` : `[data-testid="${id}"][data-state="${state}"]`;
    // Audio elements are never visible; being there is what counts.
    await page.locator(selector).first().waitFor({ state: 'attached' });
  },
  async gone({ id }) {
    await find(id).waitFor({ state: 'detached' });
  },
  async text({ id }) {
    return { text: await find(id).innerText() };
  },
  async hears({ id, hertz, level_db = -45 }) {
    await heard(id, ({ peak_hertz, peak_db }) => Math.abs(peak_hertz - hertz) < 12 && peak_db > level_db);
  },
  async hears_no({ id, hertz }) {
    await heard(id, ({ peak_hertz, peak_db }) => Math.abs(peak_hertz - hertz) > 12 || peak_db < -70);
  },
  async picture({ path }) {
    await page.screenshot({ path });
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  let answer;
  try {
    const run = commands[command.do];
    if (run === undefined) throw new Error(`there is no command ${command.do}`);
    answer = { ok: true, ...(await run(command)) };
  } catch (error) {
    answer = { ok: false, error: String(error), page: await page.evaluate(() => document.body.innerText).catch(() => ''), complaints };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await chromium.close();
