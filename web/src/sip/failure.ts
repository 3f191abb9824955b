/** Why a call ended without talking, from what SIP says. Pure. */

export type Failure =
  | "busy" | "declined" | "unreachable" | "not_found" | "refused" | "no_answer"
  | "media" | "microphone" | "connection" | "elsewhere" | "caller_left";

const BY_CAUSE: Record<string, Failure> = {
  Busy: "busy",
  Rejected: "declined",
  Unavailable: "unreachable",
  "Not Found": "not_found",
  "Address Incomplete": "not_found",
  "Incompatible SDP": "media",
  "Missing SDP": "media",
  "Bad Media Description": "media",
  "WebRTC Error": "media",
  "RTP Timeout": "media",
  "Authentication Error": "refused",
  "Connection Error": "connection",
  "Request Timeout": "connection",
  "No Answer": "no_answer",
  Expires: "no_answer",
  Canceled: "caller_left",
};

/** Does a Reason header (RFC 3326) say that another device took the call? */
export function isAnsweredElsewhere(reason: string | undefined): boolean {
  return reason !== undefined && /^\s*SIP\b/i.test(reason) && /cause\s*=\s*"?200\b/i.test(reason);
}

export interface Ending {
  cause: string;
  /** Value of the Reason header of the message that ended it. */
  reason: string | undefined;
  /** Status of the response that ended it. */
  status: number | undefined;
}

/** The failure to show. */
export function failureOf(ending: Ending): Failure {
  if (isAnsweredElsewhere(ending.reason)) return "elsewhere";
  if (ending.status === 404 || ending.status === 484) return "not_found";
  if (ending.status === 403 || ending.status === 401 || ending.status === 407) return "refused";
  if (ending.status === 408 || ending.status === 487) return "no_answer";
  return BY_CAUSE[ending.cause] ?? "unreachable";
}

/** Does a Call-Info header ask this phone to answer by itself? */
export function asksAutoAnswer(callInfo: string | undefined): boolean {
  return callInfo !== undefined && /answer-after\s*=\s*0\b/i.test(callInfo);
}
