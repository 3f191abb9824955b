/**
 * Tries the two phones of the console against each other over the fixture server's SIP relay, and takes pictures.
 * Development only: `node dev/phones.mjs FOLDER`. Prints what was heard; exits 1 when something is wrong.
 */
import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";

const BASE = process.env.BASE ?? "http://127.0.0.1:8099";
const folder = process.argv[2] ?? "shots";
mkdirSync(folder, { recursive: true });

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--allow-loopback-in-peer-connection"],
});
let failed = false;
const check = (what, good, detail = "") => {
  failed ||= !good;
  console.log(`${good ? "ok  " : "FAIL"} ${what} ${detail}`);
};

async function open(account, path, more = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, locale: "ko-KR", permissions: ["microphone"], ...more });
  const page = await context.newPage();
  page.on("pageerror", (error) => check(`${account}: no error in the page`, false, error.message));
  await page.goto(`${BASE}/sign-in`);
  await page.getByTestId("login-email").fill(`${account}@demo.test`);
  await page.getByTestId("login-password").fill("sori-demo");
  await page.getByTestId("login-submit").click();
  await page.waitForURL(/inbox/);
  await page.goto(BASE + path);
  return page;
}

const state = (page, value) => page.waitForSelector(`[data-testid=customer-state][data-state=${value}]`, { timeout: 8000 });
const phone = (page, value) => page.waitForSelector(`[data-testid=softphone-status][data-call=${value}]`, { timeout: 8000 });
const shoot = (page, name) => page.waitForTimeout(300).then(() => page.screenshot({ path: `${folder}/${name}.png` }));

/** The loudest level heard within three seconds (the fake microphone beeps once a second). */
const level = (page, testId) =>
  page.evaluate(async (id) => {
    const stream = document.querySelector(`[data-testid=${id}]`).srcObject;
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    let loudest = 0;
    for (const end = performance.now() + 3000; performance.now() < end; await new Promise((done) => setTimeout(done, 40))) {
      analyser.getFloatTimeDomainData(samples);
      for (const sample of samples) loudest = Math.max(loudest, Math.abs(sample));
    }
    await context.close();
    return loudest;
  }, testId);

const minji = await open("minji", "/inbox/cv-0");
const customer = await open("owner", "/call-as-customer");
await phone(minji, "idle");
await minji.waitForSelector("[data-testid=softphone-status][data-state=ready]");

await customer.getByTestId("customer-from").fill("+821024680000");
await customer.waitForTimeout(800);
await customer.getByTestId("customer-number-select").selectOption("+827040000001");
await customer.getByTestId("customer-dial").click();

await state(customer, "ringing");
await minji.getByTestId("ring-prompt").waitFor();
await shoot(minji, "ring");
await shoot(customer, "customer-ringing");
await minji.keyboard.press("Space");
await state(customer, "engaged");
await phone(minji, "engaged");
check("the manager hears the customer", (await level(minji, "softphone-audio")) > 0.05);
check("the customer hears the manager", (await level(customer, "customer-audio")) > 0.05);
await customer.getByTestId("customer-key-1").click();
await customer.getByTestId("customer-key-star").click();
check("keys are shown", (await customer.locator(".handset-keys").textContent()) === "1*");
await shoot(minji, "engaged");
await shoot(customer, "customer-engaged");
await minji.keyboard.press("KeyM");
check("M mutes", (await minji.getByTestId("softphone-mute").getAttribute("aria-pressed")) === "true");
await minji.waitForTimeout(300);
check("a muted manager is silent", (await level(customer, "customer-audio")) < 0.02);
await minji.keyboard.press("KeyM");
await minji.keyboard.press("KeyH");
await phone(minji, "held");
await shoot(minji, "held");
check("a held customer is not heard", (await level(minji, "softphone-audio")) < 0.02);
await minji.keyboard.press("KeyH");
await phone(minji, "engaged");
check("after hold both hear again", (await level(minji, "softphone-audio")) > 0.05 && (await level(customer, "customer-audio")) > 0.05);
await minji.getByTestId("softphone-keypad").click();
await minji.getByTestId("softphone-key-5").click();
await shoot(minji, "keys");
await minji.keyboard.press("KeyO");
await state(customer, "ended");
await shoot(minji, "ended");
await phone(minji, "idle");

await customer.getByTestId("customer-dial").click();
await minji.getByTestId("softphone-decline").click();
await state(customer, "ended");
check("a declined call says so", (await customer.getByTestId("customer-state").getAttribute("data-failure")) === "declined");
await phone(minji, "idle");

await customer.getByTestId("customer-dial").click();
await minji.getByTestId("ring-prompt").waitFor();
await customer.getByTestId("customer-hangup").click();
await minji.getByTestId("ring-prompt").waitFor({ state: "detached" });
await shoot(minji, "caller-left");
await phone(minji, "idle");

const second = await minji.context().newPage();
await second.goto(`${BASE}/inbox`);
await second.waitForSelector("[data-testid=softphone-status][data-state=other_tab]");
await customer.getByTestId("customer-dial").click();
await second.getByTestId("ring-prompt").waitFor();
await shoot(second, "second-tab");
await second.getByTestId("softphone-answer").click();
await state(customer, "engaged");
await phone(second, "engaged");
check("answered from the other tab, heard in the tab that is the phone", (await level(minji, "softphone-audio")) > 0.05);
await second.getByTestId("softphone-hangup").click();
await state(customer, "ended");
await phone(second, "idle");
await second.getByTestId("softphone-open").click().catch(() => undefined);
await second.getByTestId("softphone-take-over").click();
await second.waitForSelector("[data-testid=softphone-status][data-state=ready]");
await minji.waitForSelector("[data-testid=softphone-status][data-state=other_tab]");
check("the other tab took over", true);
await second.close();
await minji.waitForSelector("[data-testid=softphone-status][data-state=ready]");
check("the first tab is the phone again when the other closed", true);

const both = await open("minji", "/call-as-customer");
await minji.close();
await both.waitForSelector("[data-testid=softphone-status][data-state=ready]");
await customer.close();
await both.waitForSelector("[data-testid=customer-state][data-line=ready]");
await both.getByTestId("customer-dial").click();
await both.getByTestId("softphone-answer").click();
await state(both, "engaged");
check("both phones in one tab", (await level(both, "softphone-audio")) > 0.05 && (await level(both, "customer-audio")) > 0.05);
await shoot(both, "one-tab");
await both.getByTestId("customer-hangup").click();
await phone(both, "idle");

const small = await open("minji", "/call-as-customer", { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, colorScheme: "dark" });
await both.close();
await small.waitForSelector("[data-testid=softphone-status][data-state=ready]");
await small.waitForSelector("[data-testid=customer-state][data-line=ready]");
await small.getByTestId("customer-dial").click();
await small.getByTestId("softphone-answer").waitFor();
await shoot(small, "ring-390");
await small.getByTestId("softphone-answer").click();
await state(small, "engaged");
await shoot(small, "engaged-390");

await browser.close();
process.exit(failed ? 1 : 0);
