/** The right pane: who the customer is, and whose work the conversation is. */
import { ChevronRight, X } from "lucide-react";
import { Link } from "react-router";
import { can } from "../api/actions";
import { useNames } from "../api/names";
import type { Conversation } from "../api/types";
import { useText } from "../i18n/text";
import { fullTime, phoneNumber } from "../i18n/words";
import { Avatar } from "../ui/avatar";
import { IconButton } from "../ui/button";
import { CopyButton } from "../ui/copy";
import { Select } from "../ui/select";
import { customerTitle } from "./call-words";
import { useChangeConversation } from "./conversation-actions";

const NOBODY = "nobody";

export function DetailsPane({ conversation, isOpen, onClose }: { conversation: Conversation | undefined; isOpen: boolean; onClose: () => void }) {
  const { t } = useText();
  return (
    <aside className={`details${isOpen ? " open" : ""}`} aria-label={t("inbox.details")}>
      <header className="pane-head">
        <h2>{t("inbox.details")}</h2>
        <span className="details-close"><IconButton label={t("common.close")} onPress={onClose}><X size={18} /></IconButton></span>
      </header>
      {conversation && (
        <div className="details-body">
          <CustomerCard conversation={conversation} />
          <Work conversation={conversation} />
        </div>
      )}
    </aside>
  );
}

function CustomerCard({ conversation: { customer } }: { conversation: Conversation }) {
  const { t } = useText();
  return (
    <section className="details-section">
      <Link className="customer-card" to={`/customers/${customer.id}`}>
        <Avatar name={customer.name} id={customer.id} size={40} />
        <span className="cut">
          <b className="cut">{customerTitle(customer, t)}</b>
          <span className="tiny faint">{t(customer.is_lead ? "customers.lead" : "customers.customer")}</span>
        </span>
        <ChevronRight size={16} aria-hidden />
      </Link>
      {customer.phone_numbers.map((number) => (
        <div key={number} className="copy-row number">
          <span>{phoneNumber(number)}</span>
          <CopyButton what={number} value={number} />
        </div>
      ))}
    </section>
  );
}

function Work({ conversation }: { conversation: Conversation }) {
  const { t, language } = useText();
  const names = useNames();
  const change = useChangeConversation(conversation.id);
  const mayAssign = can(conversation, "assign");
  const number = names.number(conversation.number_id);
  return (
    <section className="details-section">
      <Select
        label={t("conversation.assignee")}
        isDisabled={!mayAssign || change.isPending}
        value={conversation.assignee_id ?? NOBODY}
        options={[{ id: NOBODY, label: t("conversation.unassigned") }, ...names.managers.map(({ id, name }) => ({ id, label: name }))]}
        onChange={(id) => change.mutate({ assignee_id: id === NOBODY ? null : id })}
        testId="assignee-select"
      />
      <Select
        label={t("conversation.team")}
        isDisabled={!mayAssign || change.isPending}
        value={conversation.team_id ?? NOBODY}
        options={[{ id: NOBODY, label: t("conversation.noTeam") }, ...names.teams.map(({ id, name }) => ({ id, label: name }))]}
        onChange={(id) => change.mutate({ team_id: id === NOBODY ? null : id })}
      />
      <dl className="facts">
        {number && (
          <>
            <dt>{t("conversation.number")}</dt>
            <dd className="number">{phoneNumber(number)}</dd>
          </>
        )}
        {conversation.tags.length > 0 && (
          <>
            <dt>{t("conversation.tags")}</dt>
            <dd className="tags">{conversation.tags.map((tag) => <span key={tag} className="badge">{tag}</span>)}</dd>
          </>
        )}
        <dt>{t("conversation.lastActivity")}</dt>
        <dd>{fullTime(conversation.last_activity_at, language)}</dd>
      </dl>
    </section>
  );
}
