/** One conversation in the list: who, what happened last, when, whose. */
import { PhoneIncoming, PhoneMissed, PhoneOutgoing } from "lucide-react";
import { memo } from "react";
import { Link } from "react-router";
import { useNames } from "../api/names";
import type { Conversation, LastCall } from "../api/types";
import { useText, type Translate } from "../i18n/text";
import { clock, listTime, phoneNumber, secondsBetween } from "../i18n/words";
import { Avatar } from "../ui/avatar";
import { useMinute, useNow } from "../ui/now";
import { customerTitle, failureText, missedText } from "./call-words";
import { StateBadge } from "./state-badge";

interface RowProps {
  conversation: Conversation;
  isSelected: boolean;
  search: string;
}

export const ConversationRow = memo(function ConversationRow({ conversation, isSelected, search }: RowProps) {
  const { t, language } = useText();
  const minute = useMinute();
  const names = useNames();
  const { customer, last_call: call } = conversation;
  const owner = names.manager(conversation.assignee_id) ?? names.team(conversation.team_id);
  return (
    <Link
      className={`conversation-row${isSelected ? " selected" : ""}`}
      aria-current={isSelected}
      to={{ pathname: `/inbox/${conversation.id}`, search }}
      data-testid="conversation-row"
    >
      <Avatar name={customer.name} id={customer.id} size={40} />
      <div className="conversation-text">
        <div className="conversation-line">
          <span className="conversation-name cut">{customerTitle(customer, t)}</span>
          <time className="tiny faint" dateTime={conversation.last_activity_at}>
            {listTime(conversation.last_activity_at, minute, language, t("day.yesterday"))}
          </time>
        </div>
        <div className="conversation-line">
          {call ? <LastCallLine call={call} /> : <span className="small muted cut">{phoneNumber(customer.phone_numbers[0] ?? "")}</span>}
        </div>
        <div className="conversation-line">
          <span className="tiny faint cut">{owner ?? t("conversation.unassigned")}</span>
          <StateBadge state={conversation.state} />
        </div>
      </div>
    </Link>
  );
});

function LastCallLine({ call }: { call: LastCall }) {
  const { t } = useText();
  const missed = call.state === "ended" && call.direction === "inbound" && !call.engaged_at;
  const Icon = call.direction === "outbound" ? PhoneOutgoing : missed ? PhoneMissed : PhoneIncoming;
  const live = call.state !== "ended";
  return (
    <span className={`small cut last-call ${live ? "live" : missed ? "missed" : ""}`}>
      <Icon size={14} aria-hidden />
      {live ? <LiveWords call={call} /> : <span className="cut">{endedWords(call, t)}</span>}
    </span>
  );
}

function LiveWords({ call }: { call: LastCall }) {
  const { t } = useText();
  const now = useNow();
  return (
    <span className="cut number">
      {t(`call.state.${call.state}`)} {clock(secondsBetween(call.engaged_at ?? call.started_at, now))}
    </span>
  );
}

function endedWords(call: LastCall, t: Translate): string {
  if (call.engaged_at && call.ended_at) {
    const duration = clock(secondsBetween(call.engaged_at, call.ended_at));
    return `${t(call.direction === "inbound" ? "call.inbound" : "call.outbound")} · ${duration}`;
  }
  if (call.direction === "outbound") return `${t("call.outbound")} · ${failureText(null, t)}`;
  return call.missed_reason ? missedText(call.missed_reason, t) : t("call.missed");
}
