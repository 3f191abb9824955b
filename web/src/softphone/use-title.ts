/** While a call rings the tab's title says so. */
import { useEffect } from "react";
import { useText } from "../i18n/text";
import { phoneNumber } from "../i18n/words";
import type { PhoneCall } from "./state";

export function useTitle(ringing: PhoneCall | null): void {
  const { t } = useText();
  const who = ringing ? ringing.name || phoneNumber(ringing.peer) || t("softphone.unknownCaller") : null;
  useEffect(() => {
    const name = t("app.name");
    document.title = who === null ? name : `☎ ${who} · ${name}`;
  }, [who, t]);
}
