/** Takes pictures of what goes wrong: no microphone, refused, server away, empty lists, failed loads. Development only: `node dev/trouble.mjs FOLDER`. */
import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";

const BASE = process.env.BASE ?? "http://127.0.0.1:8099";
const folder = process.argv[2] ?? "shots";
mkdirSync(folder, { recursive: true });

async function trouble(name, { args = [], before = async () => undefined, path = "/inbox/cv-1", after = async () => undefined, language = "ko", signIn = true }) {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", ...args] });
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, locale: language === "ko" ? "ko-KR" : "en-US" });
  await page.goto(`${BASE}/sign-in`);
  if (signIn) {
    await page.getByTestId("login-email").fill("minji@demo.test");
    await page.getByTestId("login-password").fill("sori-demo");
    await page.getByTestId("login-submit").click();
    await page.waitForURL(/inbox/);
    await page.request.patch(`${BASE}/api/v1/me`, { data: { language } });
  }
  await before(page);
  if (signIn) await page.goto(BASE + path);
  await after(page);
  await page.waitForTimeout(600);
  await page.screenshot({ path: `${folder}/${name}.png` });
  await browser.close();
}

const openDock = (page) => page.getByTestId("softphone-open").click();
const answer = (status, body) => (route) => route.fulfill({ status, contentType: "application/json", body: JSON.stringify(body) });

await trouble("no-microphone", { after: openDock });
await trouble("refused", {
  args: ["--use-fake-device-for-media-stream"],
  before: async (page) => {
    const session = await page.context().newCDPSession(page);
    const { targetInfo } = await session.send("Target.getTargetInfo");
    await session.send("Browser.setPermission", { browserContextId: targetInfo.browserContextId, permission: { name: "microphone" }, setting: "denied", origin: BASE });
  },
  after: openDock,
});
await trouble("away", {
  args: ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"],
  before: async (page) => {
    await page.route("**/api/v1/browser-phone", (route) => route.abort());
    await page.route("**/api/v1/events", (route) => route.abort());
  },
  after: openDock,
  language: "en",
});
await trouble("empty-inbox", { before: (page) => page.route("**/api/v1/conversations?*", answer(200, { items: [], next: null })), path: "/inbox" });
await trouble("failed-inbox", { before: (page) => page.route("**/api/v1/conversations?*", answer(400, { code: "x", detail: "요청이 올바르지 않습니다." })), path: "/inbox" });
await trouble("empty-phones", { before: (page) => page.route("**/api/v1/phones?*", answer(200, { items: [], next: null })), path: "/settings/phone/phones", language: "en" });
await trouble("loading-inbox", { before: (page) => page.route("**/api/v1/conversations?*", () => undefined), path: "/inbox" });
await trouble("gone", { path: "/inbox/cv-none", language: "en" });
await trouble("wrong-password", {
  signIn: false,
  after: async (page) => {
    await page.getByTestId("demo-minji").click();
    await page.getByTestId("login-password").fill("nope");
    await page.getByTestId("login-submit").click();
  },
});
