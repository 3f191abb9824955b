/** Words for calls and customers. */
import { en } from "../i18n/en";
import type { TextKey, Translate } from "../i18n/text";
import { phoneNumber } from "../i18n/words";

const isKey = (key: string): key is TextKey => key in en;

/** The sentence for a missed reason; a reason this console does not know yet shows as it is. */
export function missedText(reason: string, t: Translate): string {
  const key = `missed.${reason}`;
  return isKey(key) ? t(key) : reason;
}

/** A step of the trace; `step:name` is a workflow's step, and one this console does not know shows as it is. */
export function stepText(what: string, t: Translate): string {
  if (what.startsWith("step:")) return t("trace.step.step", { name: what.slice(5) });
  const key = `trace.step.${what}`;
  return isKey(key) ? t(key) : what;
}

/** Why an outgoing call was not answered. */
export function failureText(failure: string | null | undefined, t: Translate): string {
  const key = `failure.${failure ?? "unanswered"}`;
  return isKey(key) ? t(key) : t("failure.unanswered");
}

/** A customer's name, else the number, else that there is none. */
export function customerTitle(customer: { name: string; phone_numbers: string[] }, t: Translate): string {
  return customer.name || phoneNumber(customer.phone_numbers[0] ?? "") || t("inbox.noNumber");
}
