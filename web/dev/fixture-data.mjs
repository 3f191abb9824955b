/** A made-up workspace for looking at the screens without a server. Development only. */

const MINUTE = 60_000;
const now = Date.now();
const ago = (minutes, seconds = 0) => new Date(now - minutes * MINUTE + seconds * 1000).toISOString();

export const managers = [
  ["m-owner", "박지현", "owner@demo.test", "owner", []],
  ["m-minji", "김민지", "minji@demo.test", "manager", ["t-support"]],
  ["m-jun", "이준", "jun@demo.test", "manager", ["t-support"]],
  ["m-sora", "최소라", "sora@demo.test", "manager", ["t-sales"]],
].map(([id, name, email, role, team_ids]) => ({
  id, name, email, role, team_ids, language: "ko", status: id === "m-jun" ? "rest" : "waiting",
  ring_devices: { desktop: true, mobile: true, desk_phone: true }, unassigned_call_alert: true, seat: true, actions: ["edit"],
}));

export const teams = [
  { id: "t-support", name: "고객지원", manager_ids: ["m-minji", "m-jun"] },
  { id: "t-sales", name: "영업", manager_ids: ["m-sora"] },
];

export const workflows = [{ id: "w-ivr", name: "데모 IVR" }];

const number = (n, network, routing, is_default = false, caller_id = null) => ({
  id: `n-${n}`, e164: `+82704000000${n}`, country: "KR", network, carrier_id: "c-demo", is_default, ring_seconds: 30,
  ringback: { kind: "loop" }, routing, caller_id, actions: ["edit", "release", "make_default"],
});

export const numbers = [
  number(1, "SKB", { kind: "team", id: "t-support" }, false, { state: "approved", e164: "+8215881234" }),
  number(2, "KT", { kind: "workflow", id: "w-ivr" }),
  number(3, "LGU+", { kind: "manager", id: "m-minji" }, true),
  number(4, "SKB", { kind: "none" }),
  number(5, "KT", { kind: "echo" }),
];

const link = (state, user_agent, minutes) => ({ state, since: ago(minutes), user_agent, address: state === "linked" ? "192.168.24.75:5060" : null });
const phone = (id, name, manager_id, state, user_agent, minutes) => ({
  id, name, manager_id, device_address: `dev-${id}-k3m9`, user_id: `u${id}20417`, password: "Qm7v-2xTa-9LpR-c4Ws", link: link(state, user_agent, minutes), actions: ["edit", "delete"],
});

export const phones = [
  phone("p1", "민지 자리", "m-minji", "linked", "NURIVOICE IP215S 3.1.7", 190),
  phone("p2", "고객지원 공용 전화기", "m-jun", "no_signal", null, 42),
  phone("p3", "2층 회의실 Poly", "m-sora", "linked", "PolyEdge-E450-UA/8.2.1", 4000),
];

const NAMES = ["정하늘", "Olivia Bennett", "", "윤도현", "장서연 (한빛물류 구매팀 과장)", "", "오지훈", "한가람", "", "Takahashi Ren", "서유진", "문태오"];

export const customers = NAMES.concat(Array.from({ length: 60 }, (_, i) => (i % 3 ? `고객 ${i + 1}` : ""))).map((name, i) => ({
  id: `cu-${i}`, name, phone_numbers: i === 8 ? [] : [`+8210${String(24680000 + i * 7919).padStart(8, "0")}`], language: i === 1 ? "en" : i === 9 ? "ja" : "ko",
  profile: {}, blocked: i === 7, is_lead: name === "", actions: ["edit", i === 7 ? "unblock" : "block", "call"],
}));

let serial = 0;
const call = (c, more) => ({
  id: `call-${++serial}`, direction: "inbound", kind: "call", from: customers[c].phone_numbers[0] ?? "", to: "+827040000001", state: "ended",
  started_at: ago(60), engaged_at: null, ended_at: null, missed_reason: null, conversation_id: `cv-${c}`, manager_ids: [], keys: [], recording: null, actions: [], ...more,
});
const talked = (c, minutes, wait, seconds, more = {}) =>
  call(c, { started_at: ago(minutes), engaged_at: ago(minutes, wait), ended_at: ago(minutes, wait + seconds), manager_ids: ["m-minji"], ...more });
const missed = (c, minutes, reason, more = {}) => call(c, { started_at: ago(minutes), ended_at: ago(minutes, 34), missed_reason: reason, ...more });
const key = (k, minutes) => ({ step: "IVR", key: k, at: ago(minutes) });

const stories = [
  { state: "open", assignee_id: "m-minji", items: [
    { kind: "call", call: missed(0, 1500, "out_of_hours") },
    { kind: "entry", entry: { id: "e0", kind: "state_changed", value: "missed", at: ago(1499), by: null } },
    { kind: "call", call: talked(0, 1210, 9, 431, { direction: "outbound", from: "+827040000003", to: customers[0].phone_numbers[0] }) },
    { kind: "note", note: { id: "no0", manager_id: "m-minji", text: "배송지 변경 요청. 오늘 3시 전에 물류팀 확인 후 다시 전화드리기로 했어요.\n주문번호 2026-1120-3381", at: ago(1195) } },
    { kind: "entry", entry: { id: "e1", kind: "team_assigned", value: "t-support", at: ago(7), by: null } },
    { kind: "entry", entry: { id: "e2", kind: "assignee_assigned", value: "m-minji", at: ago(6.9), by: null } },
    { kind: "call", call: call(0, { state: "engaged", started_at: ago(7), engaged_at: ago(6.8), manager_ids: ["m-minji"], keys: [key("9", 7), key("1", 7)], actions: ["hang_up"] }) },
  ] },
  { state: "open", assignee_id: "m-jun", items: [{ kind: "call", call: talked(1, 18, 12, 742) }] },
  { state: "open", team: "t-support", assignee_id: null, items: [{ kind: "call", call: call(2, { state: "ringing", started_at: ago(0.4), manager_ids: ["m-minji", "m-jun"] }) }] },
  { state: "missed", assignee_id: null, reason: "ring_time_over", items: [{ kind: "call", call: missed(3, 44, "ring_time_over") }] },
  { state: "snoozed", assignee_id: "m-sora", items: [{ kind: "call", call: talked(4, 95, 6, 65, { to: "+827040000002", keys: [key("2", 95)] }) }] },
  { state: "missed", assignee_id: null, reason: "customer_left", items: [{ kind: "call", call: missed(5, 131, "customer_left") }] },
  { state: "closed", assignee_id: "m-minji", items: [{ kind: "call", call: talked(6, 260, 4, 3765) }] },
  { state: "missed", assignee_id: null, reason: "blocked_customer", items: [{ kind: "call", call: missed(7, 400, "blocked_customer") }] },
  { state: "missed", assignee_id: null, reason: "no_operator", items: [{ kind: "call", call: missed(8, 1300, "no_operator") }] },
  { state: "closed", assignee_id: "m-jun", items: [{ kind: "call", call: call(9, { direction: "outbound", from: "+827040000003", to: customers[9].phone_numbers[0], started_at: ago(1700), ended_at: ago(1699), failure: "busy", manager_ids: ["m-jun"] }) }] },
];
for (let c = 10; c < 72; c++) stories.push({ state: "closed", assignee_id: c % 2 ? "m-jun" : "m-sora", items: [{ kind: "call", call: talked(c, 2000 + c * 97, 5 + (c % 20), 30 + c * 17) }] });

const MOVES = { open: "open", snooze: "snoozed", close: "closed" };

export const actionsOf = (state) => ["assign", "tag", "note", "call", ...Object.keys(MOVES).filter((move) => MOVES[move] !== state)];

export const timelines = new Map(stories.map((story, c) => [`cv-${c}`, story.items]));

const lastOf = (items) => items.findLast((item) => item.kind === "call")?.call ?? null;

const unsorted = stories.map((story, c) => {
  const last = lastOf(story.items);
  const { id, name, phone_numbers, is_lead } = customers[c];
  return {
    id: `cv-${c}`, state: story.state, customer: { id, name, phone_numbers, is_lead }, number_id: "n-1", team_id: story.team ?? null, assignee_id: story.assignee_id,
    missed_reason: story.reason ?? null, tags: c === 0 ? ["배송", "주소 변경"] : [], last_activity_at: last.ended_at ?? last.engaged_at ?? last.started_at,
    last_call: last, actions: actionsOf(story.state),
  };
});

export const conversations = unsorted.sort((a, b) => b.last_activity_at.localeCompare(a.last_activity_at));
