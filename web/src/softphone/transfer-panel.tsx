/** Hands the call on to a colleague or to a number; the talk goes on until somebody there answers. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { PhoneForwarded, X } from "lucide-react";
import { useState, type FormEvent } from "react";
import { Button as AriaButton } from "react-aria-components";
import { partyName, useNames } from "../api/names";
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

interface Standing {
  state: "none" | "ringing" | "failed" | "taken_back";
  /** Whom it is, or was, for, as the trace names them. */
  to: string;
}

/** How the last transfer of a call stands, as its trace tells. */
export function transferState(trace: CallTrace | undefined): Standing {
  const steps = (trace?.items ?? []).filter((item) => item.kind === "step");
  const began = steps.findLastIndex((step) => step.what === "transfer");
  if (began < 0) return { state: "none", to: "" };
  const to = steps[began]?.detail ?? "";
  const after = steps.slice(began);
  const failed = after.find((step) => step.what === "transfer_failed");
  if (failed) return { state: failed.detail === "taken_back" ? "taken_back" : "failed", to };
  const isOver = after.some((step) => step.what === "answered" || step.what === "joined");
  return { state: isOver ? "none" : "ringing", to };
}

export function TransferPanel({ callId, onClose }: { callId: string; onClose: () => void }) {
  const { t } = useText();
  const names = useNames();
  const [target, setTarget] = useState<Target | null>(null);
  const transfer = useMutation({ mutationFn: (to: TransferTarget) => commands.transfer(callId, to) });
  const trace = useQuery(queries.trace(callId, true));
  const takeBack = useMutation({ mutationFn: () => commands.takeBack(callId), onSettled: () => trace.refetch() });
  const start = (chosen: Target) => {
    setTarget(chosen);
    takeBack.reset();
    transfer.mutate(chosen.to, { onSuccess: () => trace.refetch() });
  };
  const { state, to } = transferState(trace.data);
  const name = target?.name ?? partyName(names, to);
  const rings = transfer.isPending || state === "ringing";
  // How an earlier one went is no news to who opens the panel again.
  const outcome = transfer.isSuccess || takeBack.isSuccess ? state : "none";
  return (
    <section className="transfer" aria-label={t("softphone.transfer")} data-testid="transfer-panel" data-state={rings ? "ringing" : state}>
      <div className="transfer-head">
        <h3>{t("softphone.transferTitle")}</h3>
        <IconButton small label={t("common.close")} onPress={onClose}><X size={14} /></IconButton>
      </div>
      {rings ? (
        <Ringing name={name} error={takeBack.error} isTakingBack={takeBack.isPending} onTakeBack={() => takeBack.mutate()} />
      ) : (
        <>
          <Outcome state={outcome} name={name} error={transfer.error} />
          <Colleagues onChoose={start} />
          <NumberField onChoose={start} />
        </>
      )}
    </section>
  );
}

interface RingingProps {
  name: string;
  error: unknown;
  isTakingBack: boolean;
  onTakeBack: () => void;
}

function Ringing({ name, error, isTakingBack, onTakeBack }: RingingProps) {
  const { t } = useText();
  const say = useProblemText();
  return (
    <>
      <p className="small transfer-rings" role="status"><PhoneForwarded size={14} aria-hidden /> {t("softphone.transferRings", { name })}</p>
      {error !== null && <p className="small bad-word" role="alert">{say(error)}</p>}
      <Button isDisabled={isTakingBack} onPress={onTakeBack} data-testid="transfer-take-back">{t("softphone.transferTakeBack")}</Button>
    </>
  );
}

function Outcome({ state, name, error }: { state: Standing["state"]; name: string; error: unknown }) {
  const { t } = useText();
  const say = useProblemText();
  if (error !== null) return <p className="small bad-word" role="alert">{say(error)}</p>;
  if (state === "taken_back") return <p className="small" role="status">{t("softphone.transferTakenBack")}</p>;
  return state === "failed" ? <p className="small bad-word" role="alert">{t("softphone.transferFailed", { name })}</p> : null;
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
