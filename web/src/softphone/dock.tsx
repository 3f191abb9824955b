/** The softphone on every page: a pill that opens to a panel; a sheet at the bottom on small screens. */
import { ChevronDown, Phone } from "lucide-react";
import { useEffect, useState } from "react";
import { Button as AriaButton } from "react-aria-components";
import { useText } from "../i18n/text";
import { clock } from "../i18n/words";
import { IconButton } from "../ui/button";
import { useNow } from "../ui/now";
import { CallPanel } from "./call-panel";
import { useSoftphone } from "./context";
import { DialPanel } from "./dial-panel";
import { RemoteAudio } from "./remote-audio";
import { RingPrompt } from "./ring-prompt";
import { callWord, statusOf, type PhoneCall, type StatusKind } from "./state";
import { StatusLine } from "./status-line";
import { useKeyboard } from "./use-keyboard";
import { useTitle } from "./use-title";

export function SoftphoneDock() {
  const { t } = useText();
  const { softphone, state } = useSoftphone();
  const [isOpen, setOpen] = useState(false);
  const { call } = state;
  const rings = call?.phase === "incoming" && call.direction === "inbound";
  const talks = call !== null && !rings;
  // A call that begins brings its buttons into sight.
  useEffect(() => {
    if (talks) setOpen(true);
  }, [talks]);
  useKeyboard(softphone, state, () => setOpen(true));
  useTitle(rings ? call : null);
  const status = statusOf(state);
  return (
    <aside className="dock" aria-label={t("softphone.title")} data-open={isOpen} data-call={callWord(call)}>
      {rings && <RingPrompt call={call} softphone={softphone} status={status} />}
      {isOpen ? (
        <section className="dock-panel">
          <header className="dock-head">
            <StatusLine status={status} call={call} onTakeOver={() => softphone?.takeOver()} />
            <IconButton small label={t("softphone.fold")} onPress={() => setOpen(false)} data-testid="softphone-fold"><ChevronDown size={16} /></IconButton>
          </header>
          {talks ? <CallPanel call={call} softphone={softphone} /> : <DialPanel softphone={softphone} state={state} isBusy={rings} />}
        </section>
      ) : (
        <Pill status={status} call={talks ? call : null} onOpen={() => setOpen(true)} />
      )}
      <RemoteAudio stream={call ? (softphone?.getRemote() ?? null) : null} testId="softphone-audio" />
    </aside>
  );
}

const LIGHTS: Record<StatusKind, string> = {
  ready: "green", starting: "grey", other_tab: "grey", away: "red", refused: "red", no_seat: "grey",
  microphone_refused: "orange", no_microphone: "orange", insecure: "orange",
};

export function lightOf(status: StatusKind): string {
  return LIGHTS[status];
}

function Pill({ status, call, onOpen }: { status: StatusKind; call: PhoneCall | null; onOpen: () => void }) {
  const { t } = useText();
  return (
    <AriaButton className={`dock-pill${call ? " on-call" : status === "ready" ? " works" : ""}`} onPress={onOpen} aria-label={`${t("softphone.open")}: ${t(`softphone.short.${status}`)}`} data-testid="softphone-open">
      <Phone size={16} aria-hidden />
      {call ? <PillCall call={call} /> : (
        <>
          <span className={`light ${lightOf(status)}`} aria-hidden />
          <span className="pill-word" data-testid="softphone-status" data-state={status} data-call={callWord(call)}>{t(`softphone.short.${status}`)}</span>
        </>
      )}
    </AriaButton>
  );
}

function PillCall({ call }: { call: PhoneCall }) {
  const { t } = useText();
  const now = useNow();
  const word = call.phase === "engaged" && call.engagedAt ? clock(Math.max(0, Math.floor((now - call.engagedAt) / 1000))) : t("softphone.calling");
  return <span className="number" data-testid="softphone-status" data-state="ready" data-call={callWord(call)}>{call.phase === "ended" ? t("softphone.callEnded") : word}</span>;
}
