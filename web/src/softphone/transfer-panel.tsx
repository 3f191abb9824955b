/** Hands the call on to a colleague or to a number; the talk goes on until somebody there answers. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { PhoneForwarded, X } from "lucide-react";
import { useState, type FormEvent } from "react";
import { Button as AriaButton } from "react-aria-components";
import { useNames } from "../api/names";
import { commands, queries } from "../api/queries";
import type { CallTrace, Manager, TransferTarget } from "../api/types";
import { useText } from "../i18n/text";
import { phoneNumber } from "../i18n/words";
import { Avatar } from "../ui/avatar";
import { Button, IconButton } from "../ui/button";
import { TextField } from "../ui/field";
import { useProblemText } from "../ui/problem";
import { dialable } from "./state";

interface Target {
  to: TransferTarget;
  name: string;
}

/** How the last transfer of a call stands, as its trace tells. */
export function transferState(trace: CallTrace | undefined): "none" | "ringing" | "failed" {
  const steps = (trace?.items ?? []).filter((item) => item.kind === "step").map((item) => item.what);
  const began = steps.lastIndexOf("transfer");
  if (began < 0) return "none";
  return steps.indexOf("transfer_failed", began) > 0 ? "failed" : "ringing";
}

export function TransferPanel({ callId, onClose }: { callId: string; onClose: () => void }) {
  const { t } = useText();
  const say = useProblemText();
  const [target, setTarget] = useState<Target | null>(null);
  const transfer = useMutation({ mutationFn: (to: TransferTarget) => commands.transfer(callId, to) });
  const trace = useQuery({ ...queries.trace(callId, true), enabled: transfer.isSuccess });
  const start = (chosen: Target) => {
    setTarget(chosen);
    transfer.mutate(chosen.to);
  };
  const state = transfer.isSuccess ? transferState(trace.data) : "none";
  const rings = transfer.isPending || (transfer.isSuccess && state !== "failed");
  return (
    <section className="transfer" aria-label={t("softphone.transfer")} data-testid="transfer-panel" data-state={rings ? "ringing" : state}>
      <div className="transfer-head">
        <h3>{t("softphone.transferTitle")}</h3>
        <IconButton small label={t("common.close")} onPress={onClose}><X size={14} /></IconButton>
      </div>
      {rings && target ? (
        <p className="small transfer-rings" role="status"><PhoneForwarded size={14} aria-hidden /> {t("softphone.transferRings", { name: target.name })}</p>
      ) : (
        <>
          {state === "failed" && target && <p className="small bad-word" role="alert">{t("softphone.transferFailed", { name: target.name })}</p>}
          {transfer.isError && <p className="small bad-word" role="alert">{say(transfer.error)}</p>}
          <Colleagues onChoose={start} />
          <NumberField onChoose={start} />
        </>
      )}
    </section>
  );
}

function Colleagues({ onChoose }: { onChoose: (target: Target) => void }) {
  const { t } = useText();
  const { managers } = useNames();
  const me = useQuery(queries.me).data;
  const colleagues = managers.filter((manager) => manager.id !== me?.id && manager.seat);
  if (colleagues.length === 0) return <p className="small muted">{t("softphone.noColleagues")}</p>;
  return (
    <ul className="transfer-list">
      {colleagues.map((manager) => (
        <li key={manager.id}><Colleague manager={manager} onChoose={onChoose} /></li>
      ))}
    </ul>
  );
}

function Colleague({ manager, onChoose }: { manager: Manager; onChoose: (target: Target) => void }) {
  const { t } = useText();
  return (
    <AriaButton className="transfer-pick" data-testid="transfer-manager" onPress={() => onChoose({ to: { manager_id: manager.id }, name: manager.name })}>
      <Avatar name={manager.name} id={manager.id} size={24} />
      <span className="cut">{manager.name}</span>
      <span className={`tiny ${manager.status === "waiting" ? "good-word" : "muted"}`}>{t(`status.${manager.status}`)}</span>
    </AriaButton>
  );
}

function NumberField({ onChoose }: { onChoose: (target: Target) => void }) {
  const { t } = useText();
  const [typed, setTyped] = useState("");
  const to = dialable(typed);
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (to) onChoose({ to: { to }, name: phoneNumber(to) });
  };
  return (
    <form className="transfer-number" onSubmit={send}>
      <TextField label={t("softphone.transferNumber")} hideLabel placeholder={t("softphone.transferNumber")} value={typed} onChange={setTyped} inputMode="tel" autoComplete="off" testId="transfer-number" />
      <Button look="primary" type="submit" isDisabled={!to} data-testid="transfer-send">{t("softphone.transfer")}</Button>
    </form>
  );
}
