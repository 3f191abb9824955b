/** The middle pane: calls, notes and changes of one conversation in time order. */
import { useQuery } from "@tanstack/react-query";
import { MessageSquareDashed } from "lucide-react";
import { Fragment, useLayoutEffect, useRef } from "react";
import { beganAt, timelineKey } from "../api/live";
import { queries } from "../api/queries";
import type { TimelineItem } from "../api/types";
import { useText } from "../i18n/text";
import { dayName } from "../i18n/words";
import { useMinute } from "../ui/now";
import { EmptyState, ErrorState, Skeleton, SkeletonRows } from "../ui/state-panel";
import { CallBubble } from "./call-bubble";
import { EntryLine } from "./entry-line";
import { NoteBubble } from "./note-bubble";

/** Nearer to the end than this counts as reading the newest lines. */
const NEAR_END_PX = 80;

export function Thread({ id }: { id: string }) {
  const { t } = useText();
  const timeline = useQuery(queries.timeline(id));
  const items = timeline.data?.items;
  const scroller = useFollowEnd(items);
  return (
    <div className="thread-scroll" ref={scroller} tabIndex={0} role="log" aria-label={t("inbox.thread")}>
      {timeline.isPending && (
        <SkeletonRows rows={3} className="bubble-skeleton">{() => <Skeleton width="min(320px, 80%)" height={72} />}</SkeletonRows>
      )}
      {timeline.isError && !items && <ErrorState problem={timeline.error} onRetry={() => void timeline.refetch()} />}
      {items?.length === 0 && <EmptyState icon={MessageSquareDashed} title={t("conversation.empty")} />}
      {items && <Lines items={items} />}
    </div>
  );
}

function Lines({ items }: { items: TimelineItem[] }) {
  const { t, language } = useText();
  const minute = useMinute();
  let shownDay = "";
  return items.map((item) => {
    const day = new Date(beganAt(item)).toDateString();
    const isNewDay = day !== shownDay;
    shownDay = day;
    return (
      <Fragment key={timelineKey(item)}>
        {isNewDay && (
          <h3 className="day"><span>{dayName(beganAt(item), minute, language, { today: t("day.today"), yesterday: t("day.yesterday") })}</span></h3>
        )}
        <Line item={item} />
      </Fragment>
    );
  });
}

function Line({ item }: { item: TimelineItem }) {
  switch (item.kind) {
    case "call":
      return <CallBubble call={item.call} />;
    case "note":
      return <NoteBubble note={item.note} />;
    case "entry":
      return <EntryLine entry={item.entry} />;
  }
}

/** Keeps the newest line in sight, unless the reader scrolled up. */
function useFollowEnd(items: TimelineItem[] | undefined) {
  const scroller = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const onScroll = () => {
      follows.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END_PX;
    };
    element.addEventListener("scroll", onScroll, { passive: true });
    return () => element.removeEventListener("scroll", onScroll);
  }, []);
  useLayoutEffect(() => {
    if (follows.current && scroller.current) scroller.current.scrollTop = scroller.current.scrollHeight;
  }, [items]);
  return scroller;
}
