/** Customers: a searchable list, and one customer's details beside it. */
import { UserRound } from "lucide-react";
import { useParams } from "react-router";
import { useText } from "../i18n/text";
import { EmptyState } from "../ui/state-panel";
import { CustomerDetail } from "./customer-detail";
import { CustomerList } from "./customer-list";

export function CustomersPage() {
  const { t } = useText();
  const { customerId } = useParams();
  return (
    <main className="customers" data-pane={customerId ? "detail" : "list"}>
      <CustomerList selectedId={customerId ?? null} />
      <section className="customer-detail" aria-label={t("customers.details")}>
        {customerId ? <CustomerDetail key={customerId} id={customerId} /> : <EmptyState icon={UserRound} title={t("customers.pick")} />}
      </section>
    </main>
  );
}
