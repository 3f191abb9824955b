/**
 * Takes pictures of every screen from the fixture server, in both languages, light and dark, wide and narrow.
 * Development only: `node dev/shots.mjs FOLDER [name-part]`.
 */
import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";

const BASE = process.env.BASE ?? "http://127.0.0.1:8099";
const folder = process.argv[2] ?? "shots";
const only = process.argv[3] ?? "";
mkdirSync(folder, { recursive: true });

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--allow-loopback-in-peer-connection"],
});

const problems = [];

async function context(language, scheme, narrow) {
  const made = await browser.newContext({
    locale: language === "ko" ? "ko-KR" : "en-US",
    colorScheme: scheme,
    viewport: narrow ? { width: 390, height: 844 } : { width: 1440, height: 900 },
    deviceScaleFactor: narrow ? 2 : 1,
    permissions: ["microphone"],
  });
  await made.addInitScript((value) => localStorage.setItem("sori.language", value), language);
  return made;
}

async function signIn(page, account, language) {
  await page.goto(`${BASE}/sign-in`);
  await page.getByTestId("login-email").fill(`${account}@demo.test`);
  await page.getByTestId("login-password").fill("sori-demo");
  await page.getByTestId("login-submit").click();
  await page.waitForURL(/inbox/);
  await page.request.patch(`${BASE}/api/v1/me`, { data: { language } });
}

async function shoot(page, name) {
  await page.waitForTimeout(350);
  await page.screenshot({ path: `${folder}/${name}.png` });
}

const SCREENS = [
  ["inbox", "/inbox"], ["thread", "/inbox/cv-0"], ["customers", "/customers"], ["customer", "/customers/cu-0"],
  ["numbers", "/settings/phone/numbers"], ["number", "/settings/phone/numbers/n-1"], ["phones", "/settings/phone/phones"], ["customer-call", "/call-as-customer"],
];

for (const [language, scheme, narrow] of [["ko", "light", false], ["en", "dark", false], ["ko", "dark", true], ["en", "light", true]]) {
  const kind = `${language}-${scheme}-${narrow ? "390" : "wide"}`;
  const made = await context(language, scheme, narrow);
  const page = await made.newPage();
  page.on("console", (message) => message.type() === "error" && problems.push(`${kind}: ${message.text()}`));
  page.on("pageerror", (error) => problems.push(`${kind}: ${error.message}`));
  await page.goto(`${BASE}/sign-in`);
  if ("sign-in".includes(only)) await shoot(page, `sign-in-${kind}`);
  await signIn(page, "owner", language);
  for (const [name, path] of SCREENS) {
    if (!name.includes(only)) continue;
    await page.goto(BASE + path);
    await page.waitForLoadState("networkidle").catch(() => undefined);
    await shoot(page, `${name}-${kind}`);
  }
  if ("dialogs".includes(only)) {
    await page.goto(`${BASE}/settings/phone/phones`);
    await page.getByTestId("phone-row").first().getByRole("button").first().click();
    await shoot(page, `dialog-info-${kind}`);
    await page.keyboard.press("Escape");
    await page.locator(".page-bar .button").click();
    await page.locator(".dialog-form .button.quiet").first().click();
    await page.locator(".dialog-form .input").nth(1).fill("민지 자리");
    await shoot(page, `dialog-add-${kind}`);
    await page.goto(`${BASE}/settings/phone/numbers`);
    await page.locator(".page-bar .button").click();
    await page.locator(".pick").first().click();
    await shoot(page, `dialog-issue-${kind}`);
    await page.goto(`${BASE}/settings/phone/numbers/n-1`);
    await page.getByTestId("routing-select").click();
    await shoot(page, `dialog-routing-${kind}`);
    await page.goto(`${BASE}/customers/cu-0`);
    await page.locator(".card-body .button.danger").click();
    await shoot(page, `dialog-block-${kind}`);
  }
  if ("dock".includes(only)) {
    await page.goto(`${BASE}/inbox/cv-1`);
    await page.getByTestId("softphone-open").click();
    await shoot(page, `dock-${kind}`);
  }
  if ("account".includes(only)) {
    await page.goto(`${BASE}/inbox`);
    await page.getByTestId("account").click();
    await shoot(page, `account-${kind}`);
  }
  await made.close();
}
await browser.close();
console.log(problems.length ? [...new Set(problems)].join("\n") : "no problems in the console");
