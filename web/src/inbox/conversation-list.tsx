/** The left pane: tabs of states, "mine", and a list that grows and changes while calls come in. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { Inbox, SearchX } from "lucide-react";
import { useEffect, useRef } from "react";
import { ToggleButton, ToggleButtonGroup } from "react-aria-components";
import { queries } from "../api/queries";
import type { Conversation } from "../api/types";
import { useText } from "../i18n/text";
import { EmptyState, ErrorState, Skeleton, SkeletonRows } from "../ui/state-panel";
import { ConversationRow } from "./conversation-row";
import { TABS, useFilter, type Tab } from "./use-filter";

const ROW_HEIGHT = 76;
const OVERSCAN = 8;

export function ConversationList({ selectedId }: { selectedId: string | null }) {
  const { t } = useText();
  const { tab, mine, filter, change, search } = useFilter();
  const list = useInfiniteQuery(queries.conversations(filter));
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section className="conversations" aria-label={t("inbox.list")}>
      <header className="pane-head">
        <h1>{t("inbox.title")}</h1>
        <ToggleButton className="chip outlined" isSelected={mine} onChange={(on) => change({ mine: on })}>{t("inbox.mine")}</ToggleButton>
      </header>
      <ToggleButtonGroup
        className="chips conversation-tabs"
        aria-label={t("inbox.states")}
        selectionMode="single"
        disallowEmptySelection
        selectedKeys={[tab]}
        onSelectionChange={(selected) => {
          for (const id of selected) change({ tab: id as Tab });
        }}
      >
        {TABS.map((id) => <ToggleButton key={id} id={id} className="chip">{t(`inbox.tab.${id}`)}</ToggleButton>)}
      </ToggleButtonGroup>
      {list.isPending && <LoadingRows />}
      {list.isError && !list.data && <ErrorState problem={list.error} onRetry={() => void list.refetch()} />}
      {list.data && items.length === 0 && <NoConversations filtered={tab !== "all" || mine} />}
      {items.length > 0 && (
        <Rows
          items={items}
          selectedId={selectedId}
          search={search}
          onEnd={() => {
            if (list.hasNextPage && !list.isFetchingNextPage) void list.fetchNextPage();
          }}
        />
      )}
    </section>
  );
}

function NoConversations({ filtered }: { filtered: boolean }) {
  const { t } = useText();
  return filtered ? (
    <EmptyState icon={SearchX} title={t("inbox.empty.filtered")} hint={t("inbox.empty.filteredHint")} />
  ) : (
    <EmptyState icon={Inbox} title={t("inbox.empty.all")} hint={t("inbox.empty.allHint")} />
  );
}

interface RowsProps {
  items: Conversation[];
  selectedId: string | null;
  search: string;
  onEnd: () => void;
}

/** Only the rows in sight are drawn. */
function Rows({ items, selectedId, search, onEnd }: RowsProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: OVERSCAN,
    getItemKey: (index) => items[index]?.id ?? index,
  });
  const shown = rows.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= items.length - OVERSCAN) onEnd();
    // `onEnd` is new on each draw and looks at the query itself.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [last, items.length]);
  return (
    <div ref={scroller} className="conversation-scroll">
      <ul style={{ height: rows.getTotalSize() }}>
        {shown.map((row) => {
          const item = items[row.index];
          return (
            item && (
              <li key={row.key} style={{ height: row.size, transform: `translateY(${row.start}px)` }}>
                <ConversationRow conversation={item} isSelected={item.id === selectedId} search={search} />
              </li>
            )
          );
        })}
      </ul>
    </div>
  );
}

function LoadingRows() {
  return (
    <SkeletonRows rows={8} className="conversation-row">
      {(row) => (
        <>
          <Skeleton width={40} height={40} round />
          <div className="conversation-text">
            <Skeleton width={`${40 + ((row * 17) % 30)}%`} />
            <Skeleton width={`${55 + ((row * 23) % 30)}%`} height={10} />
          </div>
        </>
      )}
    </SkeletonRows>
  );
}
