/**
 * A tiny stand-in for the server, for looking at the screens and for trying the phones against each other.
 * Development only: `npm run build && npm run fixture`, then open http://127.0.0.1:8099.
 */
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { actionsOf, conversations, customers, managers, numbers, phones, teams, timelines, workflows } from "./fixture-data.mjs";
import { attachSipRelay } from "./sip-relay.mjs";

const PORT = Number(process.env.PORT ?? 8099);
const DIST = join(import.meta.dirname, "..", "dist");
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2" };
const ADMIN = ["edit", "dial", "manage_settings"];
const listeners = new Set();

function publish(type, data) {
  for (const response of listeners) response.write(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
}

const json = (response, body, status = 200) => {
  response.writeHead(status, { "Content-Type": status >= 400 ? "application/problem+json" : "application/json" });
  response.end(body === undefined ? "" : JSON.stringify(body));
};
const problem = (response, status, code, detail) => json(response, { type: "about:blank", title: code, status, code, detail }, status);
const find = (items, id) => items.find((item) => item.id === id);
const signedIn = (request) => find(managers, /sori_session=([\w-]+)/.exec(request.headers.cookie ?? "")?.[1]);
const meOf = (manager) => ({ ...manager, actions: ADMIN, workspace: { name: "소리상점", demo: true } });
const credential = (user) => ({ uri: `sip:${user}@fixture.invalid`, username: user, password: "x", ws_path: "/sip", expires_at: new Date(Date.now() + 600_000).toISOString(), ice_servers: [] });

function page(items, query) {
  const limit = Number(query.get("limit") ?? 50);
  const from = Number(query.get("after") || 0);
  return { items: items.slice(from, from + limit), next: from + limit < items.length ? String(from + limit) : null };
}

function changed(type, item, change) {
  Object.assign(item, change);
  if (type === "conversation") item.actions = actionsOf(item.state);
  publish(type, item);
  return item;
}

/** `[method, pattern, handler(match, {query, body, me})]`; a handler that finds nothing to GET is a 404. */
const routes = [
  ["GET", /^\/workspace$/, () => ({ name: "소리상점", demo: true })],
  ["GET", /^\/me$/, (_, { me }) => meOf(me)],
  ["PATCH", /^\/me$/, (_, { me, body }) => meOf(changed("manager", me, body))],
  ["POST", /^\/logout$/, () => undefined],
  ["GET", /^\/managers$/, (_, { query }) => page(managers, query)],
  ["GET", /^\/teams$/, (_, { query }) => page(teams, query)],
  ["GET", /^\/workflows$/, (_, { query }) => page(workflows, query)],
  ["GET", /^\/numbers$/, (_, { query }) => page(numbers, query)],
  ["GET", /^\/numbers\/available$/, () => ({ items: [6, 7, 8].map((n) => ({ e164: `+82704000000${n}`, country: "KR", network: "KT" })), next: null })],
  ["PATCH", /^\/numbers\/([\w-]+)$/, ([, id], { body }) => changed("number", find(numbers, id), body)],
  ["GET", /^\/phones$/, (_, { query }) => page(phones, query)],
  ["GET", /^\/phones\/servers$/, () => [{ country: "KR", label: "South Korea", host: "sip.sori.example", port: 5060, transports: ["udp", "tcp"] }]],
  ["GET", /^\/conversations$/, (_, { query }) => page(conversations.filter((c) => (!query.get("state") || c.state === query.get("state")) && (!query.get("assignee_id") || c.assignee_id === query.get("assignee_id"))), query)],
  ["GET", /^\/conversations\/([\w-]+)$/, ([, id]) => find(conversations, id)],
  ["PATCH", /^\/conversations\/([\w-]+)$/, ([, id], { body }) => changed("conversation", find(conversations, id), body)],
  ["GET", /^\/conversations\/([\w-]+)\/timeline$/, ([, id]) => timelines.has(id) && { items: timelines.get(id) }],
  ["POST", /^\/conversations\/([\w-]+)\/notes$/, ([, id], { body, me }) => {
    const note = { id: `no-${Date.now()}`, conversation_id: id, manager_id: me.id, text: body.text, at: new Date().toISOString() };
    timelines.get(id).push({ kind: "note", note });
    publish("note", note);
    return note;
  }],
  ["GET", /^\/customers$/, (_, { query }) => page(customers.filter((c) => c.name.includes(query.get("search") ?? "") || c.phone_numbers.some((n) => n.includes((query.get("search") ?? "").replace(/^0|-/g, "")))), query)],
  ["GET", /^\/customers\/([\w-]+)$/, ([, id]) => find(customers, id)],
  ["PATCH", /^\/customers\/([\w-]+)$/, ([, id], { body }) => changed("customer", find(customers, id), body)],
  ["POST", /^\/browser-phone$/, (_, { me }) => credential(me.id)],
  ["POST", /^\/demo\/customer-phone$/, (_, { body }) => credential((body.from ?? "guest").replace("+", ""))],
];

async function api(request, response, url) {
  const path = url.pathname.slice("/api/v1".length);
  let text = "";
  for await (const part of request) text += part;
  const body = text ? JSON.parse(text) : {};
  if (path === "/login") {
    const manager = managers.find(({ email }) => email === body.email);
    if (!manager || body.password !== "sori-demo") return problem(response, 401, "wrong_credentials", "The email or password is wrong.");
    response.setHeader("Set-Cookie", `sori_session=${manager.id}; HttpOnly; SameSite=Lax; Path=/`);
    return json(response, { token: manager.id, manager });
  }
  const me = signedIn(request);
  if (!me && path !== "/workspace") return problem(response, 401, "not_signed_in", "Sign in first.");
  if (path === "/events") {
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    response.write(": hello\n\n");
    listeners.add(response);
    return request.on("close", () => listeners.delete(response));
  }
  for (const [method, pattern, handler] of routes) {
    const match = method === request.method && pattern.exec(path);
    if (!match) continue;
    const answer = handler(match, { query: url.searchParams, body, me });
    return !answer && method === "GET" ? problem(response, 404, "not_found", "This does not exist.") : json(response, answer);
  }
  return problem(response, 404, "not_found", `The fixture has no ${request.method} ${path}.`);
}

function file(response, url) {
  let path = join(DIST, normalize(url.pathname));
  if (!path.startsWith(DIST) || !existsSync(path) || statSync(path).isDirectory()) path = join(DIST, "index.html");
  response.writeHead(200, { "Content-Security-Policy": "default-src 'self'; object-src 'none'; frame-ancestors 'none'", "Content-Type": TYPES[extname(path)] ?? "application/octet-stream" });
  createReadStream(path).pipe(response);
}

const server = createServer((request, response) => {
  const url = new URL(request.url, "http://localhost");
  if (url.pathname.startsWith("/api/v1/")) void api(request, response, url).catch((error) => problem(response, 500, "crashed", String(error)));
  else file(response, url);
});

attachSipRelay(server, (from, to) => {
  const number = numbers.find(({ e164 }) => e164 === to || e164 === `+${to}`);
  if (!number) return null;
  const customer = customers.find(({ phone_numbers }) => phone_numbers.includes(`+${from}`));
  const conversation = customer ? customer.id.replace("cu-", "cv-") : "cv-2";
  return { user: "m-minji", headers: `X-Sori-Call: call-x\r\nX-Sori-Number: ${number.e164}\r\nX-Sori-Conversation: ${conversation}\r\n` };
});

server.listen(PORT, "127.0.0.1", () => console.log(`fixture on http://127.0.0.1:${PORT}`));
