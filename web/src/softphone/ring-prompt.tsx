/** The prompt while a call rings: who calls, which number was dialled, answer or decline. */
import { Phone, PhoneOff } from "lucide-react";
import { Button as AriaButton } from "react-aria-components";
import { useNames } from "../api/names";
import { useText } from "../i18n/text";
import { phoneNumber } from "../i18n/words";
import { Avatar } from "../ui/avatar";
import type { Softphone } from "./softphone";
import type { PhoneCall, StatusKind } from "./state";

export function RingPrompt({ call, softphone, status }: { call: PhoneCall; softphone: Softphone | null; status: StatusKind }) {
  const { t } = useText();
  const { numbers } = useNames();
  const peer = phoneNumber(call.peer);
  const dialled = numbers.find((number) => number.e164 === call.dialled);
  return (
    <section className="ring-prompt" role="alertdialog" aria-label={t("softphone.incoming")} data-testid="ring-prompt">
      <div className="ring-who">
        <span className="ring-pulse"><Avatar name={call.name} id={call.peer} size={40} /></span>
        <div className="cut">
          <p className="tiny ring-word">{t("softphone.incoming")}</p>
          <p className="ring-name cut" data-testid="ring-customer">{call.name || peer || t("softphone.unknownCaller")}</p>
          <p className="small muted cut number">
            {call.name && peer && <>{peer} · </>}
            {call.dialled && <span data-testid="ring-number">{t("softphone.incomingTo", { number: phoneNumber(dialled?.e164 ?? call.dialled) })}</span>}
          </p>
        </div>
      </div>
      {(status === "microphone_refused" || status === "no_microphone") && <p className="form-problem" role="alert">{t(`softphone.status.${status}`)}</p>}
      <div className="ring-buttons">
        <AriaButton className="button large decline" onPress={() => softphone?.command({ do: "hangUp" })} data-testid="softphone-decline">
          <PhoneOff size={16} aria-hidden /> {t("softphone.decline")}
        </AriaButton>
        <AriaButton className="button large answer" onPress={() => softphone?.command({ do: "answer" })} data-testid="softphone-answer">
          <Phone size={16} aria-hidden /> {t("softphone.answer")} <kbd>Space</kbd>
        </AriaButton>
      </div>
    </section>
  );
}
