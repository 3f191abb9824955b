import { useText } from "../i18n/text";
import { Button } from "../ui/button";
import { lightOf } from "./dock";
import { callWord, type PhoneCall, type StatusKind } from "./state";

/** Says whether the phone works and, if not, what is wrong. */
export function StatusLine({ status, call, onTakeOver }: { status: StatusKind; call: PhoneCall | null; onTakeOver: () => void }) {
  const { t } = useText();
  return (
    <div className="status-line">
      <span className={`light ${lightOf(status)}`} aria-hidden />
      <p className="small" role="status" data-testid="softphone-status" data-state={status} data-call={callWord(call)}>{call && status === "ready" ? t("softphone.title") : t(`softphone.status.${status}`)}</p>
      {status === "other_tab" && !call && <Button onPress={onTakeOver} data-testid="softphone-take-over">{t("softphone.takeOver")}</Button>}
    </div>
  );
}
