/** The customer's phone as it looks: display, keys, call and hang-up. */
import { Phone, PhoneOff } from "lucide-react";
import { Button as AriaButton } from "react-aria-components";
import { useText, type TextKey } from "../i18n/text";
import { clock, phoneNumber } from "../i18n/words";
import type { PhoneNumber } from "../api/types";
import type { CallPhase, CallState } from "../sip/voice-call";
import { KeyPad } from "../softphone/key-pad";
import { RemoteAudio } from "../softphone/remote-audio";
import { TextField } from "../ui/field";
import { useNow } from "../ui/now";
import type { CustomerPhone, CustomerPhoneState } from "./customer-phone";

interface ViewProps {
  numbers: PhoneNumber[];
  chosen: PhoneNumber;
  onChoose: (id: string) => void;
  from: string;
  onFrom: (from: string) => void;
  fromIsGood: boolean;
  phone: CustomerPhone | null;
  state: CustomerPhoneState;
}

/** The five words tests look for: an incoming ring is `ringing`, setting up the sound is `calling`. */
const WORDS: Record<CallPhase, "calling" | "ringing" | "engaged" | "ended"> = {
  incoming: "ringing", calling: "calling", connecting: "calling", ringing: "ringing", engaged: "engaged", ended: "ended",
};

export function CustomerPhoneView({ numbers, chosen, onChoose, from, onFrom, fromIsGood, phone, state }: ViewProps) {
  const { t } = useText();
  const { call } = state;
  const isBusy = call !== null && call.phase !== "ended";
  return (
    <section className="handset">
      <Display call={call} state={state} chosen={chosen} />
      <div className="handset-fields">
        <label className="field">
          <span className="field-label">{t("customerCall.number")}</span>
          <select
            className="input number"
            value={chosen.e164}
            disabled={isBusy}
            onChange={(event) => onChoose(numbers.find(({ e164 }) => e164 === event.target.value)?.id ?? chosen.id)}
            data-testid="customer-number-select"
          >
            {numbers.map(({ id, e164 }) => <option key={id} value={e164}>{phoneNumber(e164)}</option>)}
          </select>
        </label>
        <TextField
          label={t("customerCall.from")}
          value={from}
          onChange={onFrom}
          isDisabled={isBusy}
          inputMode="tel"
          hint={t("customerCall.fromHint")}
          error={fromIsGood ? undefined : t("customerCall.badFrom")}
          testId="customer-from"
          inputClass="number"
        />
      </div>
      <KeyPad prefix="customer" onKey={(key) => phone?.sendKey(key)} isDisabled={call?.phase !== "engaged"} />
      <div className="handset-buttons">
        {call?.phase === "incoming" && (
          <AriaButton className="button large answer" onPress={() => void phone?.answer()} data-testid="customer-answer"><Phone size={16} aria-hidden /> {t("customerCall.answer")}</AriaButton>
        )}
        {isBusy ? (
          <AriaButton className="button large danger-solid" onPress={() => phone?.hangUp()} data-testid="customer-hangup"><PhoneOff size={16} aria-hidden /> {t("customerCall.hangUp")}</AriaButton>
        ) : (
          <AriaButton
            className="button large answer"
            isDisabled={!phone || state.line !== "ready" || !fromIsGood}
            onPress={() => void phone?.dial(chosen.e164)}
            data-testid="customer-dial"
          >
            <Phone size={16} aria-hidden /> {t("customerCall.call")}
          </AriaButton>
        )}
      </div>
      <RemoteAudio stream={call ? (phone?.getRemote() ?? null) : null} testId="customer-audio" />
    </section>
  );
}

function Display({ call, state, chosen }: { call: CallState | null; state: CustomerPhoneState; chosen: PhoneNumber }) {
  const { t } = useText();
  const word = call ? WORDS[call.phase] : "idle";
  const stateKey: TextKey = call?.phase === "incoming" ? "customerCall.state.incoming" : `customerCall.state.${word}`;
  return (
    <div className="handset-display" data-testid="customer-state" data-state={word} data-line={state.line} data-failure={call?.failure ?? ""}>
      <p className="handset-number number">{phoneNumber(call?.phase === "incoming" ? state.caller : chosen.e164)}</p>
      <p className="handset-state small" role="status">
        {call?.phase === "engaged" && call.engagedAt ? <Timer since={call.engagedAt} /> : null}
        {call?.failure ? t(`softphone.failed.${call.failure}`) : call || state.line === "ready" ? t(stateKey) : t(`softphone.status.${state.line}`)}
      </p>
      <p className="handset-keys number" aria-label={t("customerCall.sent")}>{call?.keys || "\u00a0"}</p>
      {state.listensOnly && <p className="tiny handset-warning">{t("customerCall.listenOnly")}</p>}
    </div>
  );
}

function Timer({ since }: { since: number }) {
  const now = useNow();
  return <b className="number">{clock(Math.max(0, Math.floor((now - since) / 1000)))} </b>;
}
