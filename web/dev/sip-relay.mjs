/** Passes SIP between browser phones over WebSocket, so that two of them can talk without a server. Development only. */
import { randomBytes } from "node:crypto";
import { WebSocketServer } from "ws";

const head = (text, name) => new RegExp(`^${name}\\s*:\\s*(.*)$`, "im").exec(text)?.[1]?.trim();
const userOf = (uri) => /sips?:([^@;>]+)@/i.exec(uri ?? "")?.[1];

/** `pickCallee(from, to)` says which user rings for a number; extra headers go into its INVITE. */
export function attachSipRelay(httpServer, pickCallee) {
  const server = new WebSocketServer({ noServer: true, handleProtocols: () => "sip" });
  const byUser = new Map();
  const contacts = new Map();
  const byBranch = new Map();
  httpServer.on("upgrade", (request, socket, rest) => {
    if (request.url !== "/sip") return socket.destroy();
    server.handleUpgrade(request, socket, rest, (peer) => {
      peer.on("message", (data) => onMessage(peer, String(data)));
      peer.on("close", () => {
        for (const [user, known] of byUser) if (known === peer) byUser.delete(user);
      });
    });
  });

  function onMessage(peer, text) {
    if (!text.trim()) return;
    if (text.startsWith("SIP/2.0")) return onResponse(text);
    const [method, target] = text.split(" ");
    if (method === "REGISTER") return onRegister(peer, text);
    const user = userOf(target);
    const inDialog = /;tag=/i.test(head(text, "To") ?? "") || method === "CANCEL";
    const callee = byUser.has(user) ? { user, headers: "" } : pickCallee(userOf(head(text, "From")), user);
    const other = callee && byUser.get(callee.user);
    if (!other) return method === "ACK" ? undefined : answer(peer, text, "404 Not Found");
    if (method === "INVITE" && !inDialog) answer(peer, text, "100 Trying");
    // A CANCEL must carry the branch of its INVITE: derive ours from theirs.
    const branch = `z9hG4bKrelay${Buffer.from(/branch=([^;\s]+)/i.exec(text)?.[1] ?? randomBytes(6)).toString("hex")}`;
    byBranch.set(branch, peer);
    const extra = method === "INVITE" && !inDialog ? callee.headers : "";
    // A request goes to the registered contact; a user agent answers 404 to any other user.
    const aimed = byUser.has(user) ? text : text.replace(target, contacts.get(callee.user));
    other.send(aimed.replace("\r\n", `\r\nVia: SIP/2.0/WS relay.invalid;branch=${branch}\r\n${extra}`));
  }

  function onResponse(text) {
    const via = /^Via\s*:.*\r\n/im.exec(text)?.[0] ?? "";
    byBranch.get(/branch=([^;\s]+)/i.exec(via)?.[1])?.send(text.replace(via, ""));
  }

  function onRegister(peer, text) {
    const contact = head(text, "Contact") ?? "";
    const gone = /expires=0/i.test(contact) || head(text, "Expires") === "0";
    contacts.set(userOf(head(text, "To")), /<([^>]+)>/.exec(contact)?.[1]);
    for (const user of [userOf(head(text, "To")), userOf(contact)]) {
      if (gone && byUser.get(user) === peer) byUser.delete(user);
      else if (!gone) byUser.set(user, peer);
    }
    answer(peer, text, "200 OK", gone ? "" : `Contact: ${contact.replace(/;expires=\d+/i, "")};expires=120\r\n`);
  }

  function answer(peer, request, status, more = "") {
    const vias = request.match(/^Via\s*:.*$/gim).join("\r\n");
    const to = head(request, "To");
    const tag = /;tag=/i.test(to) || status.startsWith("100") ? "" : `;tag=${randomBytes(5).toString("hex")}`;
    peer.send(`SIP/2.0 ${status}\r\n${vias}\r\nFrom: ${head(request, "From")}\r\nTo: ${to}${tag}\r\nCall-ID: ${head(request, "Call-ID")}\r\nCSeq: ${head(request, "CSeq")}\r\n${more}Content-Length: 0\r\n\r\n`);
  }
}
