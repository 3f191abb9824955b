/** The panel during a call: who, how long, mute, hold, keys, hang up. */
import { useQuery } from "@tanstack/react-query";
import { Grid3x3, Mic, MicOff, Pause, PhoneForwarded, PhoneOff, Play } from "lucide-react";
import { useState, type ReactNode } from "react";
import { Button as AriaButton, Link, ToggleButton } from "react-aria-components";
import { can } from "../api/actions";
import { queries } from "../api/queries";
import { useText, type Translate } from "../i18n/text";
import { clock, phoneNumber } from "../i18n/words";
import { Avatar } from "../ui/avatar";
import { useNow } from "../ui/now";
import { KeyPad } from "./key-pad";
import type { Softphone } from "./softphone";
import type { PhoneCall } from "./state";
import { TransferPanel } from "./transfer-panel";

export function CallPanel({ call, softphone }: { call: PhoneCall; softphone: Softphone | null }) {
  const { t } = useText();
  const [showsKeys, setShowsKeys] = useState(false);
  const [hands, setHands] = useState(false);
  const known = useServerCall(call);
  const mayTransfer = call.phase === "engaged" && can(known, "transfer");
  const peer = phoneNumber(call.peer);
  return (
    <div className="call-panel">
      <div className="call-who">
        <Avatar name={call.name} id={call.peer} size={56} />
        <p className="call-name cut">{call.name || peer || t("softphone.unknownCaller")}</p>
        <p className="small muted number">{call.name ? peer : ""}</p>
        <CallWords call={call} />
        {call.conversationId && <Link className="text-link small" href={`/inbox/${call.conversationId}`}>{t("softphone.openConversation")}</Link>}
      </div>
      {showsKeys && call.phase === "engaged" && (
        <div className="call-keys">
          <output className="sent-keys number">{call.keys || "\u00a0"}</output>
          <KeyPad prefix="softphone" onKey={(key) => softphone?.command({ do: "key", key })} />
        </div>
      )}
      {hands && mayTransfer && known && <TransferPanel callId={known.id} onClose={() => setHands(false)} />}
      {call.phase !== "ended" && (
        <>
          <CallButtons call={call} softphone={softphone} showsKeys={showsKeys} onKeys={setShowsKeys} mayTransfer={mayTransfer} hands={hands} onHands={setHands} />
          <AriaButton className="button large wide danger-solid" onPress={() => softphone?.command({ do: "hangUp" })} data-testid="softphone-hangup">
            <PhoneOff size={16} aria-hidden /> {t("softphone.hangUp")}
          </AriaButton>
        </>
      )}
    </div>
  );
}

interface ButtonsProps {
  call: PhoneCall;
  softphone: Softphone | null;
  showsKeys: boolean;
  onKeys: (on: boolean) => void;
  mayTransfer: boolean;
  hands: boolean;
  onHands: (on: boolean) => void;
}

function CallButtons({ call, softphone, showsKeys, onKeys, mayTransfer, hands, onHands }: ButtonsProps) {
  const { t } = useText();
  const talks = call.phase === "engaged";
  return (
    <div className="call-buttons">
      <Round label={t(call.muted ? "softphone.unmute" : "softphone.mute")} shortcut="M" isOn={call.muted} isDisabled={!talks} testId="softphone-mute" onChange={(on) => softphone?.command({ do: "mute", on })}>
        {call.muted ? <MicOff size={20} /> : <Mic size={20} />}
      </Round>
      <Round label={t(call.held ? "softphone.resume" : "softphone.hold")} shortcut="H" isOn={call.held} isDisabled={!talks} testId="softphone-hold" onChange={(on) => softphone?.command({ do: "hold", on })}>
        {call.held ? <Play size={20} /> : <Pause size={20} />}
      </Round>
      <Round label={t("softphone.keypad")} isOn={showsKeys} isDisabled={!talks} testId="softphone-keypad" onChange={onKeys}>
        <Grid3x3 size={20} />
      </Round>
      <Round label={t("softphone.transfer")} isOn={hands} isDisabled={!mayTransfer} testId="softphone-transfer" onChange={onHands}>
        <PhoneForwarded size={20} />
      </Round>
    </div>
  );
}

interface RoundProps {
  label: string;
  shortcut?: string;
  isOn: boolean;
  isDisabled: boolean;
  testId: string;
  onChange: (on: boolean) => void;
  children: ReactNode;
}

function Round({ label, shortcut, isOn, isDisabled, testId, onChange, children }: RoundProps) {
  return (
    <ToggleButton className="round" isSelected={isOn} isDisabled={isDisabled} onChange={onChange} data-testid={testId} aria-keyshortcuts={shortcut}>
      <span className="round-face">{children}</span>
      <span className="tiny">{label}</span>
    </ToggleButton>
  );
}

/** The call as the server knows it: by its name where the phone was told one, else the one this manager talks in. */
function useServerCall(call: PhoneCall) {
  const me = useQuery(queries.me).data;
  const byName = useQuery({ ...queries.call(call.callId), enabled: call.callId !== "" }).data;
  const isNameless = call.callId === "" && call.phase === "engaged" && me !== undefined;
  const talking = useQuery({ ...queries.talking(me?.id ?? ""), enabled: isNameless, refetchInterval: 2000 }).data;
  return byName ?? talking ?? undefined;
}

/** When the two began to talk; `null` while the customer of a call back still rings: then only our own leg is up. */
function useTalkSince(call: PhoneCall): number | null {
  const isCallBack = call.direction === "outbound" && call.callId !== "";
  const known = useQuery({ ...queries.call(call.callId), enabled: isCallBack }).data;
  if (!isCallBack || !known) return isCallBack ? null : call.engagedAt;
  return known.engaged_at === null ? null : Date.parse(known.engaged_at);
}

function CallWords({ call }: { call: PhoneCall }) {
  const { t } = useText();
  const now = useNow();
  const since = useTalkSince(call);
  const seconds = since === null ? 0 : Math.max(0, Math.floor((now - since) / 1000));
  const shows = call.phase === "engaged" && since !== null;
  return (
    <p className={`call-words number${call.failure && call.failure !== "elsewhere" ? " bad" : ""}`} role="status">
      {shows && <b>{clock(seconds)}</b>} {call.phase === "engaged" && since === null ? t("softphone.ringing") : phaseText(call, t)}
    </p>
  );
}

function phaseText(call: PhoneCall, t: Translate): string {
  switch (call.phase) {
    case "incoming":
    case "connecting":
      return t("softphone.connecting");
    case "calling":
      return t("softphone.calling");
    case "ringing":
      return t("softphone.ringing");
    case "engaged":
      return t(call.held ? "softphone.held" : "softphone.engaged");
    case "ended":
      return call.failure ? t(`softphone.failed.${call.failure}`) : t("softphone.callEnded");
  }
}
