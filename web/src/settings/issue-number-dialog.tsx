import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Hash } from "lucide-react";
import { useState } from "react";
import { ListBox, ListBoxItem } from "react-aria-components";
import { commands, keys, queries } from "../api/queries";
import { useText } from "../i18n/text";
import { phoneNumber } from "../i18n/words";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { useProblemText } from "../ui/problem";
import { EmptyState, ErrorState, Skeleton, SkeletonRows } from "../ui/state-panel";
import { useToast } from "../ui/toast";

/** Offers the numbers that are free and issues the one that is picked. */
export function IssueNumberDialog({ onClose }: { onClose: () => void }) {
  const { t } = useText();
  const cache = useQueryClient();
  const toast = useToast();
  const say = useProblemText();
  const available = useQuery(queries.availableNumbers);
  const [picked, setPicked] = useState<string | null>(null);
  const issue = useMutation({
    mutationFn: commands.issueNumber,
    onSuccess: (number) => {
      void cache.invalidateQueries({ queryKey: keys.numbers });
      toast(t("numbers.issued", { number: phoneNumber(number.e164) }));
      onClose();
    },
    onError: (problem) => toast(say(problem), "bad"),
  });
  const items = available.data?.items ?? [];
  return (
    <Dialog title={t("numbers.issueTitle")} text={t("numbers.issueText")} isOpen onClose={onClose}>
      {available.isPending && <SkeletonRows rows={5} className="table-skeleton">{() => <Skeleton width="100%" height={20} />}</SkeletonRows>}
      {available.isError && <ErrorState problem={available.error} onRetry={() => void available.refetch()} />}
      {available.data && items.length === 0 && <EmptyState icon={Hash} title={t("numbers.issueEmpty")} hint={t("numbers.issueEmptyHint")} />}
      {items.length > 0 && (
        <ListBox
          className="pick-list"
          aria-label={t("numbers.issueTitle")}
          selectionMode="single"
          selectedKeys={picked ? [picked] : []}
          onSelectionChange={(selected) => setPicked(selected === "all" ? null : String([...selected][0] ?? "") || null)}
        >
          {items.map((number) => (
            <ListBoxItem key={number.e164} id={number.e164} className="pick number" textValue={number.e164}>
              <span className="radio" aria-hidden />
              <span>{phoneNumber(number.e164)}</span>
              <span className="tiny faint">{number.network}</span>
            </ListBoxItem>
          ))}
        </ListBox>
      )}
      <div className="dialog-foot">
        <Button onPress={onClose}>{t("common.cancel")}</Button>
        <Button look="primary" isDisabled={!picked || issue.isPending} onPress={() => picked && issue.mutate(picked)}>{t("numbers.issue")}</Button>
      </div>
    </Dialog>
  );
}
