/** The middle and right pane of one conversation. */
import { useQuery } from "@tanstack/react-query";
import { ArrowLeft, PanelRight } from "lucide-react";
import { useNavigate } from "react-router";
import { queries } from "../api/queries";
import type { Conversation } from "../api/types";
import { useText } from "../i18n/text";
import { phoneNumber } from "../i18n/words";
import { IconButton } from "../ui/button";
import { ErrorState, Skeleton } from "../ui/state-panel";
import { customerTitle } from "./call-words";
import { ConversationActions } from "./conversation-actions";
import { DetailsPane } from "./details-pane";
import { NoteComposer } from "./note-composer";
import { StateBadge } from "./state-badge";
import { Thread } from "./thread";
import { useFilter } from "./use-filter";
import { can } from "../api/actions";

interface ViewProps {
  id: string;
  detailsOpen: boolean;
  onDetails: (open: boolean) => void;
}

export function ConversationView({ id, detailsOpen, onDetails }: ViewProps) {
  const { t } = useText();
  const conversation = useQuery(queries.conversation(id));
  if (conversation.isError && !conversation.data) {
    return <section className="thread"><ErrorState problem={conversation.error} onRetry={() => void conversation.refetch()} /></section>;
  }
  return (
    <>
      <section className="thread" aria-label={t("inbox.thread")}>
        <ThreadHead conversation={conversation.data} detailsOpen={detailsOpen} onDetails={onDetails} />
        <Thread id={id} />
        {can(conversation.data, "note") && <NoteComposer id={id} />}
      </section>
      <DetailsPane conversation={conversation.data} isOpen={detailsOpen} onClose={() => onDetails(false)} />
    </>
  );
}

interface HeadProps {
  conversation: Conversation | undefined;
  detailsOpen: boolean;
  onDetails: (open: boolean) => void;
}

function ThreadHead({ conversation, detailsOpen, onDetails }: HeadProps) {
  const { t } = useText();
  const navigate = useNavigate();
  const { search } = useFilter();
  return (
    <header className="pane-head thread-head">
      <span className="only-small">
        <IconButton label={t("common.back")} onPress={() => void navigate({ pathname: "/inbox", search })}><ArrowLeft size={18} /></IconButton>
      </span>
      {conversation ? (
        <div className="thread-who">
          <h2 className="cut">{customerTitle(conversation.customer, t)}</h2>
          <p className="tiny faint cut number">
            <StateBadge state={conversation.state} />
            {conversation.customer.name && <span className="cut">{phoneNumber(conversation.customer.phone_numbers[0] ?? "")}</span>}
          </p>
        </div>
      ) : (
        <div className="thread-who"><Skeleton width={120} height={14} /></div>
      )}
      {conversation && <ConversationActions conversation={conversation} />}
      <span className="details-toggle">
        <IconButton label={t("inbox.details")} onPress={() => onDetails(!detailsOpen)}><PanelRight size={18} /></IconButton>
      </span>
    </header>
  );
}
