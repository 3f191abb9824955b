/** The numbers of the workspace: what they are and where their calls go. */
import { useQuery } from "@tanstack/react-query";
import { ChevronRight, Hash, Plus } from "lucide-react";
import { useState } from "react";
import { useNavigate } from "react-router";
import { Link } from "react-router";
import { can } from "../api/actions";
import { useNames } from "../api/names";
import { queries } from "../api/queries";
import type { PhoneNumber } from "../api/types";
import { useText } from "../i18n/text";
import { phoneNumber } from "../i18n/words";
import { Button } from "../ui/button";
import { EmptyState, ErrorState, Skeleton, SkeletonRows } from "../ui/state-panel";
import { IssueNumberDialog } from "./issue-number-dialog";
import { routingWords } from "./routing-words";

export function NumbersPage() {
  const { t } = useText();
  const me = useQuery(queries.me).data;
  const numbers = useQuery(queries.numbers);
  const [issues, setIssues] = useState(false);
  const mayIssue = can(me, "manage_settings");
  const items = numbers.data?.items ?? [];
  return (
    <>
      <div className="page-bar">
        <p className="small muted">{t("numbers.lead")}</p>
        {mayIssue && <Button look="primary" onPress={() => setIssues(true)}><Plus size={16} aria-hidden /> {t("numbers.add")}</Button>}
      </div>
      {numbers.isPending && <SkeletonRows rows={5} className="table-skeleton">{() => <Skeleton width="100%" height={20} />}</SkeletonRows>}
      {numbers.isError && !numbers.data && <ErrorState problem={numbers.error} onRetry={() => void numbers.refetch()} />}
      {numbers.data && items.length === 0 && <EmptyState icon={Hash} title={t("numbers.empty")} hint={t("numbers.emptyHint")} />}
      {items.length > 0 && <NumbersTable numbers={items} />}
      {issues && <IssueNumberDialog onClose={() => setIssues(false)} />}
    </>
  );
}

function NumbersTable({ numbers }: { numbers: PhoneNumber[] }) {
  const { t } = useText();
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">{t("numbers.number")}</th>
          <th scope="col" className="wide-only">{t("numbers.network")}</th>
          <th scope="col" className="wide-only">{t("numbers.callerId")}</th>
          <th scope="col">{t("numbers.routing")}</th>
          <th scope="col"><span className="hidden-word">{t("common.edit")}</span></th>
        </tr>
      </thead>
      <tbody>{numbers.map((number) => <NumberRow key={number.id} number={number} />)}</tbody>
    </table>
  );
}

function NumberRow({ number }: { number: PhoneNumber }) {
  const { t } = useText();
  const navigate = useNavigate();
  const names = useNames();
  const workflows = useQuery(queries.workflows).data?.items ?? [];
  const routing = routingWords(number.routing, names, workflows, t);
  const path = `/settings/phone/numbers/${number.id}`;
  return (
    <tr className="table-link" onClick={() => void navigate(path)}>
      <td>
        <Link className="table-main number" to={path} onClick={(event) => event.stopPropagation()}>{phoneNumber(number.e164)}</Link>
        {number.is_default && <span className="badge teal">{t("numbers.default")}</span>}
      </td>
      <td className="wide-only muted">{number.network || "–"}</td>
      <td className="wide-only muted number">{number.caller_id?.e164 ? phoneNumber(number.caller_id.e164) : t("numbers.sameNumber")}</td>
      <td><span className="routing"><span className="muted">{routing.kind}</span>{routing.name && <b>{routing.name}</b>}</span></td>
      <td className="table-end"><ChevronRight size={16} aria-hidden /></td>
    </tr>
  );
}
