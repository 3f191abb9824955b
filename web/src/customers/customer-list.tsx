import { useInfiniteQuery } from "@tanstack/react-query";
import { SearchX, UsersRound } from "lucide-react";
import { useDeferredValue, useState } from "react";
import { Link } from "react-router";
import { queries } from "../api/queries";
import type { Customer } from "../api/types";
import { useText } from "../i18n/text";
import { phoneNumber } from "../i18n/words";
import { customerTitle } from "../inbox/call-words";
import { Avatar } from "../ui/avatar";
import { Button } from "../ui/button";
import { SearchField } from "../ui/field";
import { EmptyState, ErrorState, Skeleton, SkeletonRows } from "../ui/state-panel";

/** The customers that match the search, page by page. */
export function CustomerList({ selectedId }: { selectedId: string | null }) {
  const { t } = useText();
  const [search, setSearch] = useState("");
  const searched = useDeferredValue(search.trim());
  const list = useInfiniteQuery(queries.customers(searched));
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section className="customer-list" aria-label={t("customers.title")}>
      <header className="pane-head"><h1>{t("customers.title")}</h1></header>
      <div className="pane-search"><SearchField label={t("customers.search")} value={search} onChange={setSearch} /></div>
      {list.isPending && <LoadingRows />}
      {list.isError && !list.data && <ErrorState problem={list.error} onRetry={() => void list.refetch()} />}
      {list.data && items.length === 0 && <NoCustomers search={searched} />}
      {items.length > 0 && (
        <ul className="customer-rows">
          {items.map((customer) => (
            <li key={customer.id}><CustomerRow customer={customer} isSelected={customer.id === selectedId} /></li>
          ))}
          {list.hasNextPage && (
            <li className="more"><Button look="quiet" onPress={() => void list.fetchNextPage()} isDisabled={list.isFetchingNextPage}>{t("common.more")}</Button></li>
          )}
        </ul>
      )}
    </section>
  );
}

function CustomerRow({ customer, isSelected }: { customer: Customer; isSelected: boolean }) {
  const { t } = useText();
  return (
    <Link className={`customer-row${isSelected ? " selected" : ""}`} aria-current={isSelected} to={`/customers/${customer.id}`}>
      <Avatar name={customer.name} id={customer.id} />
      <span className="customer-row-text">
        <span className="cut customer-row-name">{customerTitle(customer, t)}</span>
        {customer.name && <span className="tiny faint cut number">{phoneNumber(customer.phone_numbers[0] ?? "")}</span>}
      </span>
      {customer.blocked ? <span className="badge red">{t("customers.blocked")}</span> : customer.is_lead && <span className="badge">{t("customers.lead")}</span>}
    </Link>
  );
}

function NoCustomers({ search }: { search: string }) {
  const { t } = useText();
  return search ? (
    <EmptyState icon={SearchX} title={t("customers.noMatch", { search })} hint={t("customers.noMatchHint")} />
  ) : (
    <EmptyState icon={UsersRound} title={t("customers.empty")} hint={t("customers.emptyHint")} />
  );
}

function LoadingRows() {
  return (
    <SkeletonRows rows={8} className="customer-row">
      {(row) => (
        <>
          <Skeleton width={32} height={32} round />
          <span className="customer-row-text"><Skeleton width={`${40 + ((row * 19) % 35)}%`} /></span>
        </>
      )}
    </SkeletonRows>
  );
}
