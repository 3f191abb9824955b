/** The inbox: list, thread, details. One pane at a time on a small screen. */
import { MessagesSquare } from "lucide-react";
import { useState } from "react";
import { useParams } from "react-router";
import { useText } from "../i18n/text";
import { EmptyState } from "../ui/state-panel";
import { ConversationList } from "./conversation-list";
import { ConversationView } from "./conversation-view";

export function InboxPage() {
  const { t } = useText();
  const { conversationId } = useParams();
  const [detailsOpen, setDetailsOpen] = useState(false);
  const pane = !conversationId ? "list" : detailsOpen ? "details" : "thread";
  return (
    <main className="inbox" data-pane={pane}>
      <ConversationList selectedId={conversationId ?? null} />
      {conversationId ? (
        <ConversationView key={conversationId} id={conversationId} detailsOpen={detailsOpen} onDetails={setDetailsOpen} />
      ) : (
        <section className="thread nothing">
          <EmptyState icon={MessagesSquare} title={t("inbox.pick")} hint={t("inbox.pickHint")} />
        </section>
      )}
    </main>
  );
}
