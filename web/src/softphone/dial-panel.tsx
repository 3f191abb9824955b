/** The panel between calls: type or press a number, choose what to show, call. */
import { Delete, Phone } from "lucide-react";
import { useEffect, useRef, useState, type FormEvent } from "react";
import { Button as AriaButton, Input, TextField } from "react-aria-components";
import { useNames } from "../api/names";
import { useText } from "../i18n/text";
import { phoneNumber } from "../i18n/words";
import { IconButton } from "../ui/button";
import { Select } from "../ui/select";
import { KeyPad } from "./key-pad";
import type { Softphone } from "./softphone";
import { dialable, type SoftphoneState } from "./state";

const AUTOMATIC = "automatic";

export function DialPanel({ softphone, state, isBusy }: { softphone: Softphone | null; state: SoftphoneState; isBusy: boolean }) {
  const { t } = useText();
  const [typed, setTyped] = useState("");
  const [from, setFrom] = useState(AUTOMATIC);
  const { numbers } = useNames();
  const input = useRef<HTMLInputElement>(null);
  const to = dialable(typed);
  const mayDial = to !== null && state.line === "ready" && state.microphone !== "insecure" && !isBusy;
  useEffect(() => input.current?.focus(), []);
  const dial = (event: FormEvent) => {
    event.preventDefault();
    if (!mayDial) return;
    softphone?.command({ do: "dial", to, fromNumberId: from === AUTOMATIC ? null : from });
    setTyped("");
  };
  const options = [
    { id: AUTOMATIC, label: t("softphone.fromAuto") },
    ...numbers.map((number) => ({ id: number.id, label: phoneNumber(number.e164) })),
  ];
  return (
    <form className="dial-panel" onSubmit={dial}>
      <div className="dial-display">
        <TextField className="dial-field" aria-label={t("softphone.dialInput")} value={typed} onChange={setTyped}>
          <Input ref={input} className="dial-input number" inputMode="tel" autoComplete="off" placeholder={t("softphone.dialHint")} data-testid="softphone-input" />
        </TextField>
        {typed && <IconButton small label={t("softphone.erase")} onPress={() => setTyped((text) => text.slice(0, -1))}><Delete size={16} /></IconButton>}
      </div>
      <KeyPad prefix="dial" onKey={(key) => setTyped((text) => text + key)} />
      {numbers.length > 0 && (
        <div className="dial-from">
          <span className="small muted">{t("softphone.from")}</span>
          <Select label={t("softphone.from")} hideLabel options={options} value={from} onChange={setFrom} testId="softphone-from" />
        </div>
      )}
      <AriaButton type="submit" className="button large wide answer" isDisabled={!mayDial} data-testid="softphone-dial">
        <Phone size={16} aria-hidden /> {t("softphone.dial")}
      </AriaButton>
    </form>
  );
}
