/** "Call as a customer": a phone on the screen that rings the workspace's numbers. Demo workspace only. */
import { useQuery } from "@tanstack/react-query";
import { PhoneOff } from "lucide-react";
import { useEffect, useState, useSyncExternalStore } from "react";
import { useNames } from "../api/names";
import { queries } from "../api/queries";
import type { PhoneNumber } from "../api/types";
import { useText } from "../i18n/text";
import { phoneNumber } from "../i18n/words";
import { routingWords } from "../settings/routing-words";
import { MissingPage } from "../shell/crash";
import { EmptyState, ErrorState, Skeleton } from "../ui/state-panel";
import { CustomerPhone, type CustomerPhoneState } from "./customer-phone";
import { CustomerPhoneView } from "./phone-view";

/** A Korean mobile number that no subscriber has (the 010-0000 block). */
const FIRST_FROM = "+821000001234";
const STORED = "sori.customer-from";
/** Waits until the typing of a new number has stopped before the phone signs in with it. */
const SETTLE_MS = 500;

export function isCallerNumber(text: string): boolean {
  return /^\+?\d{3,15}$/.test(text.replace(/[\s-]/g, ""));
}

export function CustomerCallPage() {
  const { t } = useText();
  const me = useQuery(queries.me).data;
  const numbers = useQuery(queries.numbers);
  const items = numbers.data?.items ?? [];
  if (me && !me.workspace.demo) return <MissingPage />;
  return (
    <main className="customer-call">
      <div className="customer-call-column">
        <header className="page-head">
          <h1>{t("customerCall.title")}</h1>
          <p className="small muted">{t("customerCall.lead")}</p>
        </header>
        {numbers.isPending && <Skeleton width={320} height={480} />}
        {numbers.isError && !numbers.data && <ErrorState problem={numbers.error} onRetry={() => void numbers.refetch()} />}
        {numbers.data && items.length === 0 && <EmptyState icon={PhoneOff} title={t("customerCall.noNumbers")} />}
        {items.length > 0 && <CustomerCall numbers={items} />}
      </div>
    </main>
  );
}

function CustomerCall({ numbers }: { numbers: PhoneNumber[] }) {
  const [numberId, setNumberId] = useState(numbers[0]?.id ?? "");
  const [from, setFrom] = useState(() => sessionStorage.getItem(STORED) ?? FIRST_FROM);
  const { phone, state } = useCustomerPhone(from);
  const chosen = numbers.find((number) => number.id === numberId) ?? numbers[0];
  if (!chosen) return null;
  return (
    <div className="customer-call-body">
      <CustomerPhoneView
        numbers={numbers}
        chosen={chosen}
        onChoose={setNumberId}
        from={from}
        onFrom={setFrom}
        fromIsGood={isCallerNumber(from)}
        phone={phone}
        state={state}
      />
      <Guide numbers={numbers} chosenId={chosen.id} onChoose={setNumberId} isBusy={state.call !== null && state.call.phase !== "ended"} />
    </div>
  );
}

const NO_PHONE: CustomerPhoneState = { line: "starting", call: null, caller: "", listensOnly: false };
const noSubscription = () => () => undefined;

/** A phone signed in with this caller number; a new number makes a new phone. */
function useCustomerPhone(from: string): { phone: CustomerPhone | null; state: CustomerPhoneState } {
  const [phone, setPhone] = useState<CustomerPhone | null>(null);
  useEffect(() => {
    if (!isCallerNumber(from)) return;
    let created: CustomerPhone | null = null;
    const timer = window.setTimeout(
      () => {
        sessionStorage.setItem(STORED, from);
        created = new CustomerPhone(from.replace(/[\s-]/g, ""));
        setPhone(created);
      },
      from === (sessionStorage.getItem(STORED) ?? FIRST_FROM) ? 0 : SETTLE_MS,
    );
    return () => {
      window.clearTimeout(timer);
      setPhone(null);
      created?.stop();
    };
  }, [from]);
  const state = useSyncExternalStore(phone?.subscribe ?? noSubscription, phone?.getState ?? (() => NO_PHONE));
  return { phone, state };
}

interface GuideProps {
  numbers: PhoneNumber[];
  chosenId: string;
  onChoose: (id: string) => void;
  isBusy: boolean;
}

/** What each number does, as a list to pick from. */
function Guide({ numbers, chosenId, onChoose, isBusy }: GuideProps) {
  const { t } = useText();
  const names = useNames();
  const workflows = useQuery(queries.workflows).data?.items ?? [];
  return (
    <section className="guide">
      <h2>{t("customerCall.guide")}</h2>
      <ul>
        {numbers.map((number) => {
          const routing = routingWords(number.routing, names, workflows, t);
          return (
            <li key={number.id}>
              <button type="button" className="guide-row" aria-pressed={number.id === chosenId} disabled={isBusy} onClick={() => onChoose(number.id)} data-testid={`customer-number-${number.e164}`}>
                <span className="number">{phoneNumber(number.e164)}</span>
                <span className="small muted cut">{routing.name ? `${routing.kind} · ${routing.name}` : routing.kind}</span>
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
