/** One customer: name, numbers, language, block. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ArrowLeft, Ban, Phone } from "lucide-react";
import { useState, type FormEvent } from "react";
import { useNavigate } from "react-router";
import { can } from "../api/actions";
import { commands, keys, queries } from "../api/queries";
import type { Customer } from "../api/types";
import { useText } from "../i18n/text";
import { phoneNumber } from "../i18n/words";
import { customerTitle } from "../inbox/call-words";
import { useSoftphone } from "../softphone/context";
import { statusOf } from "../softphone/state";
import { Avatar } from "../ui/avatar";
import { Button, IconButton } from "../ui/button";
import { CopyButton } from "../ui/copy";
import { Confirm } from "../ui/dialog";
import { TextField } from "../ui/field";
import { useProblemText } from "../ui/problem";
import { ErrorState, Skeleton } from "../ui/state-panel";
import { useToast } from "../ui/toast";

export function CustomerDetail({ id }: { id: string }) {
  const { t } = useText();
  const navigate = useNavigate();
  const customer = useQuery(queries.customer(id));
  if (customer.isError && !customer.data) return <ErrorState problem={customer.error} onRetry={() => void customer.refetch()} />;
  return (
    <>
      <header className="pane-head only-small">
        <IconButton label={t("common.back")} onPress={() => void navigate("/customers")}><ArrowLeft size={18} /></IconButton>
        <h2>{t("customers.details")}</h2>
      </header>
      {customer.data ? <Card customer={customer.data} /> : <div className="card-body"><Skeleton width={56} height={56} round /><Skeleton width={160} height={16} /></div>}
    </>
  );
}

function Card({ customer }: { customer: Customer }) {
  const { t } = useText();
  return (
    <div className="card-body">
      <div className="card-head">
        <Avatar name={customer.name} id={customer.id} size={56} />
        <div className="cut">
          <h2 className="cut">{customerTitle(customer, t)}</h2>
          <p className="card-badges">
            <span className="badge">{t(customer.is_lead ? "customers.lead" : "customers.customer")}</span>
            {customer.language && <span className="badge">{t(`language.${customer.language}`)}</span>}
            {customer.blocked && <span className="badge red">{t("customers.blocked")}</span>}
          </p>
        </div>
      </div>
      {can(customer, "edit") && <NameForm key={customer.name} customer={customer} />}
      <Numbers customer={customer} />
      {(can(customer, "block") || can(customer, "unblock")) && <Block customer={customer} />}
    </div>
  );
}

function useChangeCustomer(id: string, onDone: () => void = () => undefined) {
  const cache = useQueryClient();
  const toast = useToast();
  const say = useProblemText();
  const { t } = useText();
  return useMutation({
    mutationFn: (change: Parameters<typeof commands.changeCustomer>[1]) => commands.changeCustomer(id, change),
    onSuccess: (changed) => {
      cache.setQueryData(keys.customer(id), changed);
      void cache.invalidateQueries({ queryKey: keys.allCustomers });
      void cache.invalidateQueries({ queryKey: keys.allConversations });
      toast(t("common.saved"));
      onDone();
    },
    onError: (problem) => toast(say(problem), "bad"),
  });
}

function NameForm({ customer }: { customer: Customer }) {
  const { t } = useText();
  const [name, setName] = useState(customer.name);
  const change = useChangeCustomer(customer.id);
  const changed = name.trim() !== customer.name;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (changed) change.mutate({ name: name.trim() });
  };
  return (
    <form className="inline-form" onSubmit={submit}>
      <TextField label={t("customers.name")} value={name} onChange={setName} placeholder={t("customers.unnamed")} maxLength={100} />
      <Button type="submit" look={changed ? "primary" : "plain"} isDisabled={!changed || change.isPending}>{t("common.save")}</Button>
    </form>
  );
}

function Numbers({ customer }: { customer: Customer }) {
  const { t } = useText();
  const { softphone, state } = useSoftphone();
  const mayCall = can(customer, "call") && state.line === "ready" && !state.call && !["insecure", "no_microphone"].includes(statusOf(state));
  return (
    <section>
      <h3 className="field-label">{t("customers.phoneNumbers")}</h3>
      {customer.phone_numbers.length === 0 && <p className="small muted">{t("inbox.noNumber")}</p>}
      {customer.phone_numbers.map((number) => (
        <div key={number} className="copy-row number">
          <span>{phoneNumber(number)}</span>
          <CopyButton what={number} value={number} />
          <IconButton
            small
            label={t("customers.call", { number: phoneNumber(number) })}
            isDisabled={!mayCall}
            onPress={() => softphone?.command({ do: "dial", to: number, fromNumberId: null })}
          >
            <Phone size={14} />
          </IconButton>
        </div>
      ))}
    </section>
  );
}

function Block({ customer }: { customer: Customer }) {
  const { t } = useText();
  const [asks, setAsks] = useState(false);
  const change = useChangeCustomer(customer.id, () => setAsks(false));
  if (customer.blocked) {
    return <div><Button onPress={() => change.mutate({ blocked: false })} isDisabled={change.isPending}>{t("customers.unblock")}</Button></div>;
  }
  return (
    <div>
      <Button look="danger" onPress={() => setAsks(true)}><Ban size={14} aria-hidden /> {t("customers.block")}</Button>
      <Confirm
        title={t("customers.blockTitle")}
        text={t("customers.blockText", { name: customerTitle(customer, t) })}
        action={t("customers.block")}
        isOpen={asks}
        isPending={change.isPending}
        onConfirm={() => change.mutate({ blocked: true })}
        onClose={() => setAsks(false)}
      />
    </div>
  );
}
