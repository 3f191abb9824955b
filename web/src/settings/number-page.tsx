/** One number: phone operation, routing, default, release. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ArrowLeft } from "lucide-react";
import { useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { can } from "../api/actions";
import { commands, keys, queries } from "../api/queries";
import type { List, PhoneNumber } from "../api/types";
import { useText } from "../i18n/text";
import { phoneNumber } from "../i18n/words";
import { MissingPage } from "../shell/crash";
import { Button } from "../ui/button";
import { Confirm } from "../ui/dialog";
import { useProblemText } from "../ui/problem";
import { ErrorState, Skeleton, SkeletonRows } from "../ui/state-panel";
import { useToast } from "../ui/toast";
import { NumberOperation } from "./number-operation";
import { NumberRouting } from "./number-routing";
import { SettingsFrame } from "./settings-frame";

export function NumberPage() {
  const { t } = useText();
  const { numberId } = useParams();
  const numbers = useQuery(queries.numbers);
  const number = numbers.data?.items.find((item) => item.id === numberId);
  return (
    <SettingsFrame>
      <header className="page-head">
        <Link className="back-link small muted" to="/settings/phone/numbers"><ArrowLeft size={14} aria-hidden /> {t("numbers.title")}</Link>
        {number && (
          <div className="page-title">
            <h1 className="number">{phoneNumber(number.e164)}</h1>
            {number.is_default && <span className="badge teal">{t("numbers.default")}</span>}
            {number.network && <span className="badge">{number.network}</span>}
          </div>
        )}
      </header>
      {numbers.isPending && <SkeletonRows rows={3} className="table-skeleton">{() => <Skeleton width="100%" height={64} />}</SkeletonRows>}
      {numbers.isError && !numbers.data && <ErrorState problem={numbers.error} onRetry={() => void numbers.refetch()} />}
      {numbers.data && !number && <MissingPage />}
      {number && <Sections number={number} />}
    </SettingsFrame>
  );
}

/** Saves a change of a number and puts the answer into the list. */
export function useChangeNumber(id: string) {
  const { t } = useText();
  const cache = useQueryClient();
  const toast = useToast();
  const say = useProblemText();
  return useMutation({
    mutationFn: (change: Parameters<typeof commands.changeNumber>[1]) => commands.changeNumber(id, change),
    onSuccess: (changed) => {
      cache.setQueryData<List<PhoneNumber>>(keys.numbers, (old) =>
        old && { ...old, items: old.items.map((item) => (item.id === id ? changed : item)) },
      );
      // A new default number takes the word away from the old one.
      void cache.invalidateQueries({ queryKey: keys.numbers });
      toast(t("common.saved"));
    },
    onError: (problem) => toast(say(problem), "bad"),
  });
}

function Sections({ number }: { number: PhoneNumber }) {
  const mayChange = can(number, "edit");
  return (
    <div className="sections">
      <NumberOperation number={number} mayChange={mayChange} />
      <NumberRouting number={number} mayChange={mayChange} />
      <DefaultNumber number={number} />
      {can(number, "release") && <Release number={number} />}
    </div>
  );
}

function DefaultNumber({ number }: { number: PhoneNumber }) {
  const { t } = useText();
  const change = useChangeNumber(number.id);
  return (
    <section className="section">
      <div className="section-head">
        <h2>{t("numbers.makeDefault")}</h2>
        <p className="small muted">{t("numbers.makeDefaultHint")}</p>
      </div>
      <div className="section-body">
        {number.is_default ? (
          <p>{t("numbers.isDefault")}</p>
        ) : (
          <div><Button isDisabled={!can(number, "make_default") || change.isPending} onPress={() => change.mutate({ is_default: true })}>{t("numbers.setDefault")}</Button></div>
        )}
      </div>
    </section>
  );
}

function Release({ number }: { number: PhoneNumber }) {
  const { t } = useText();
  const navigate = useNavigate();
  const cache = useQueryClient();
  const toast = useToast();
  const say = useProblemText();
  const [asks, setAsks] = useState(false);
  const shown = phoneNumber(number.e164);
  const release = useMutation({
    mutationFn: () => commands.releaseNumber(number.id),
    onSuccess: async () => {
      await navigate("/settings/phone/numbers");
      await cache.invalidateQueries({ queryKey: keys.numbers });
      toast(t("numbers.released", { number: shown }));
    },
    onError: (problem) => {
      setAsks(false);
      toast(say(problem), "bad");
    },
  });
  return (
    <section className="section">
      <div className="section-head">
        <h2>{t("numbers.release")}</h2>
        <p className="small muted">{t("numbers.releaseHint")}</p>
      </div>
      <div className="section-body">
        <div><Button look="danger" onPress={() => setAsks(true)}>{t("numbers.release")}</Button></div>
        <Confirm
          title={t("numbers.releaseTitle", { number: shown })}
          text={t("numbers.releaseText")}
          action={t("numbers.release")}
          isOpen={asks}
          isPending={release.isPending}
          onConfirm={() => release.mutate()}
          onClose={() => setAsks(false)}
        />
      </div>
    </section>
  );
}
