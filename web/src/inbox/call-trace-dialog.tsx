/** How a call went: steps, SIP messages and media on one time line. For whoever has to find out why. */
import { useQuery } from "@tanstack/react-query";
import { ArrowLeft, ArrowRight, AudioLines, CircleDot } from "lucide-react";
import { partyName, useNames, type Names } from "../api/names";
import { queries } from "../api/queries";
import type { Call, CallTrace, TraceItem, TraceLeg } from "../api/types";
import { useText, type Translate } from "../i18n/text";
import { fullTime, preciseTime } from "../i18n/words";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { ErrorState, Skeleton } from "../ui/state-panel";
import { failureText, missedText, stepText } from "./call-words";

export function CallTraceDialog({ call, onClose }: { call: Call; onClose: () => void }) {
  const { t, language } = useText();
  const trace = useQuery(queries.trace(call.id, call.state !== "ended"));
  return (
    <Dialog title={t("trace.title")} text={fullTime(call.started_at, language)} isOpen onClose={onClose} wide>
      {trace.isError && <ErrorState problem={trace.error} onRetry={() => void trace.refetch()} />}
      {trace.isPending && <Skeleton width="100%" height={240} />}
      {trace.data && <Legs trace={trace.data} />}
      {trace.data && <TimeLine trace={trace.data} />}
      <div className="dialog-foot"><Button onPress={onClose}>{t("common.close")}</Button></div>
    </Dialog>
  );
}

/** Who a leg belongs to: `고객`, or the manager's name and device. */
function useLegName() {
  const { t } = useText();
  const names = useNames();
  return (leg: TraceLeg | undefined) => {
    if (leg?.party === "third") return t("trace.third");
    if (!leg?.manager_id) return t("trace.customer");
    const device = leg.device ? ` · ${t(`account.device.${leg.device}`)}` : "";
    return `${names.manager(leg.manager_id) ?? leg.manager_id}${device}`;
  };
}

function Legs({ trace }: { trace: CallTrace }) {
  const { t } = useText();
  const name = useLegName();
  if (trace.legs.length === 0) return <p className="small muted">{t("trace.noLegs")}</p>;
  return (
    <section className="info-block" aria-label={t("trace.legs")}>
      <h3>{t("trace.legs")}</h3>
      <ul className="trace-legs">
        {trace.legs.map((leg, index) => (
          <li key={index} className="trace-leg" data-testid="trace-leg">
            <span className="trace-leg-name cut"><LegMark index={index} /> {name(leg)}</span>
            <code className="tiny muted cut">{leg.transport} {leg.address}</code>
            <Figures leg={leg} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function LegMark({ index }: { index: number }) {
  return <span className="trace-mark" aria-hidden>{index + 1}</span>;
}

function Figures({ leg }: { leg: TraceLeg }) {
  const { t } = useText();
  const media = leg.media;
  if (!media?.codec) return <p className="tiny faint">{t("trace.noMedia")}</p>;
  const expected = media.received + media.lost;
  const loss = expected > 0 ? (media.lost * 100) / expected : 0;
  const parts = [
    media.codec,
    t("trace.received", { count: media.received }),
    t("trace.sent", { count: media.sent }),
    t("trace.loss", { percent: loss.toFixed(loss > 0 && loss < 10 ? 1 : 0) }),
    t("trace.jitter", { ms: media.jitter_ms.toFixed(1) }),
  ];
  if (media.rtt_ms !== null) parts.push(t("trace.roundTrip", { ms: media.rtt_ms.toFixed(0) }));
  if (media.mos !== null) parts.push(t("trace.mos", { mos: media.mos.toFixed(1) }));
  if (media.protection) parts.push(media.protection);
  return <p className={`tiny number ${loss >= 3 || (media.mos ?? 5) < 3 ? "trace-bad" : "muted"}`}>{parts.join(" · ")}</p>;
}

function TimeLine({ trace }: { trace: CallTrace }) {
  const { t } = useText();
  const start = trace.items[0]?.at;
  if (!start) return <p className="small muted">{t("trace.empty")}</p>;
  return (
    <section className="info-block" aria-label={t("trace.timeLine")}>
      <h3>{t("trace.timeLine")}</h3>
      <ol className="trace-line" tabIndex={0}>
        {trace.items.map((item, index) => <Line key={index} item={item} start={start} legs={trace.legs} />)}
      </ol>
      {trace.lost > 0 && <p className="tiny muted">{t("trace.lost", { count: trace.lost })}</p>}
    </section>
  );
}

function Line({ item, start, legs }: { item: TraceItem; start: string; legs: TraceLeg[] }) {
  const { t } = useText();
  const name = useLegName();
  const leg = item.leg === null ? undefined : legs[item.leg];
  return (
    <li className={`trace-item ${item.kind}`} data-testid="trace-item" data-kind={item.kind}>
      <time className="tiny faint number" dateTime={item.at}>{preciseTime(start, item.at)}</time>
      <span className="trace-icon"><Direction item={item} /></span>
      <span className="trace-what cut">{item.kind === "step" ? <Step item={item} /> : <>{item.kind === "media" && `${t("trace.mediaOver")} `}<b>{item.what}</b> {item.detail && <span className="muted">{item.detail}</span>}</>}</span>
      {leg && item.leg !== null && (
        <span className="trace-where tiny muted cut">
          {item.kind === "sip" && <span className="hidden-word">{t(item.sent ? "trace.to" : "trace.from")} </span>}
          <LegMark index={item.leg} /> {name(leg)}
        </span>
      )}
    </li>
  );
}

function Direction({ item }: { item: TraceItem }) {
  if (item.kind === "step") return <CircleDot size={14} aria-hidden />;
  if (item.kind === "media") return <AudioLines size={14} aria-hidden />;
  return item.sent ? <ArrowRight size={14} aria-hidden /> : <ArrowLeft size={14} aria-hidden />;
}

function stepDetail({ what, detail }: TraceItem, names: Names, t: Translate): string {
  if (what === "missed") return missedText(detail, t);
  return what === "transfer_failed" ? failureText(detail, t) : partyName(names, detail);
}

function Step({ item }: { item: TraceItem }) {
  const { t } = useText();
  const names = useNames();
  const detail = stepDetail(item, names, t);
  return <>{stepText(item.what, t)} {detail && <span className="muted">{detail}</span>}</>;
}
