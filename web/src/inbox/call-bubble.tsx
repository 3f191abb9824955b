/** One call in the thread, updated in place from the first ring to the last hang-up. */
import { useMutation } from "@tanstack/react-query";
import { Activity, PhoneIncoming, PhoneMissed, PhoneOff, PhoneOutgoing } from "lucide-react";
import { useState } from "react";
import { can } from "../api/actions";
import { useNames } from "../api/names";
import { commands } from "../api/queries";
import type { Call } from "../api/types";
import { useText, type Translate } from "../i18n/text";
import { clock, fullTime, phoneNumber, secondsBetween, timeOfDay } from "../i18n/words";
import { Button, IconButton } from "../ui/button";
import { useNow } from "../ui/now";
import { useProblemText } from "../ui/problem";
import { useToast } from "../ui/toast";
import { CallTraceDialog } from "./call-trace-dialog";
import { failureText, missedText } from "./call-words";

/** Inbound and nobody talked: missed. */
const isMissed = (call: Call) => call.direction === "inbound" && call.state === "ended" && !call.engaged_at;

export function CallBubble({ call }: { call: Call }) {
  const { t, language } = useText();
  const missed = isMissed(call);
  const Icon = call.direction === "outbound" ? PhoneOutgoing : missed ? PhoneMissed : PhoneIncoming;
  const look = call.state !== "ended" ? "live" : missed ? "missed" : "";
  const title = t(missed ? "call.missed" : call.direction === "inbound" ? "call.inbound" : "call.outbound");
  return (
    <article className={`bubble call ${call.direction} ${look}`} data-testid="call-bubble" data-state={call.state} data-call={call.id}>
      <div className="bubble-head">
        <span className="bubble-icon"><Icon size={16} aria-hidden /></span>
        <div className="cut">
          <p className="bubble-title cut">{title}</p>
          <p className="tiny faint cut number">
            {call.direction === "inbound" ? `${phoneNumber(call.from) || t("inbox.noNumber")} → ${phoneNumber(call.to)}` : `${phoneNumber(call.from)} → ${phoneNumber(call.to)}`}
          </p>
        </div>
        <time className="tiny faint" dateTime={call.started_at} title={fullTime(call.started_at, language)}>{timeOfDay(call.started_at, language)}</time>
        {can(call, "trace") && <TraceButton call={call} />}
      </div>
      <CallStatus call={call} />
      <Managers call={call} />
      {call.recording && (
        <audio className="bubble-audio" controls preload="none" src={call.recording.url} aria-label={t("call.recording")} />
      )}
      {call.keys.length > 0 && <Keys call={call} />}
      {can(call, "hang_up") && call.state !== "ended" && <HangUp call={call} />}
    </article>
  );
}

function TraceButton({ call }: { call: Call }) {
  const { t } = useText();
  const [open, setOpen] = useState(false);
  return (
    <>
      <IconButton small label={t("trace.open")} onPress={() => setOpen(true)}><Activity size={14} /></IconButton>
      {open && <CallTraceDialog call={call} onClose={() => setOpen(false)} />}
    </>
  );
}

function CallStatus({ call }: { call: Call }) {
  const { t } = useText();
  if (call.state !== "ended") return <LiveStatus call={call} />;
  const talked = call.engaged_at && call.ended_at ? secondsBetween(call.engaged_at, call.ended_at) : null;
  return (
    <p className="bubble-status" data-testid="call-outcome">
      {talked === null ? outcome(call, t) : <span className="number">{t("call.talked", { duration: clock(talked) })}</span>}
    </p>
  );
}

function outcome(call: Call, t: Translate): string {
  if (call.direction === "outbound") return failureText(call.failure, t);
  return call.missed_reason ? missedText(call.missed_reason, t) : t("call.missed");
}

function LiveStatus({ call }: { call: Call }) {
  const { t } = useText();
  const now = useNow();
  return (
    <p className="bubble-status live-status">
      <span className="pulse" aria-hidden />
      {t(`call.state.${call.state}`)}
      <span className="number">{clock(secondsBetween(call.engaged_at ?? call.started_at, now))}</span>
      {call.held && <span className="badge orange">{t("call.held")}</span>}
    </p>
  );
}

function Managers({ call }: { call: Call }) {
  const { t } = useText();
  const names = useNames();
  const people = call.manager_ids.map((id) => names.manager(id)).filter((name) => name !== null);
  if (people.length === 0) return null;
  const list = people.join(", ");
  if (call.state === "ringing" && call.direction === "inbound") return <p className="tiny muted">{t("call.presented", { names: list })}</p>;
  if (call.direction === "outbound") return <p className="tiny muted">{t("call.madeBy", { name: list })}</p>;
  return call.engaged_at ? <p className="tiny muted">{t("call.answeredBy", { name: list })}</p> : null;
}

function Keys({ call }: { call: Call }) {
  const { t } = useText();
  return (
    <p className="bubble-keys tiny muted">
      {t("call.keys")}
      {call.keys.map((press, index) => (
        <kbd key={`${press.at}-${index}`} title={press.step}>{press.key}</kbd>
      ))}
    </p>
  );
}

function HangUp({ call }: { call: Call }) {
  const { t } = useText();
  const toast = useToast();
  const say = useProblemText();
  const hangUp = useMutation({ mutationFn: () => commands.hangUp(call.id), onError: (problem) => toast(say(problem), "bad") });
  return (
    <div>
      <Button look="danger" onPress={() => hangUp.mutate()} isDisabled={hangUp.isPending}><PhoneOff size={14} aria-hidden /> {t("call.hangUp")}</Button>
    </div>
  );
}
