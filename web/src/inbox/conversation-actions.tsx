/** What may be done to the conversation now: call back, close, snooze, reopen. */
import { AlarmClock, CheckCheck, Phone, RotateCcw } from "lucide-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { can } from "../api/actions";
import { commands, keys } from "../api/queries";
import type { Conversation } from "../api/types";
import { useText } from "../i18n/text";
import { Button, IconButton } from "../ui/button";
import { useProblemText } from "../ui/problem";
import { useToast } from "../ui/toast";

/** Changes a conversation and shows the answer at once. */
export function useChangeConversation(id: string) {
  const cache = useQueryClient();
  const toast = useToast();
  const say = useProblemText();
  return useMutation({
    mutationFn: (change: Parameters<typeof commands.changeConversation>[1]) => commands.changeConversation(id, change),
    onSuccess: (changed) => {
      cache.setQueryData(keys.conversation(id), changed);
      void cache.invalidateQueries({ queryKey: keys.allConversations });
    },
    onError: (problem) => toast(say(problem), "bad"),
  });
}

export function ConversationActions({ conversation }: { conversation: Conversation }) {
  const { t } = useText();
  const change = useChangeConversation(conversation.id);
  const toast = useToast();
  const say = useProblemText();
  const callBack = useMutation({
    mutationFn: () => commands.callBack(conversation.id),
    onSuccess: () => toast(t("conversation.callBackPending")),
    onError: (problem) => toast(say(problem), "bad"),
  });
  return (
    <div className="thread-actions">
      {can(conversation, "snooze") && (
        <IconButton label={t("conversation.snooze")} onPress={() => change.mutate({ state: "snoozed" })} isDisabled={change.isPending}>
          <AlarmClock size={18} />
        </IconButton>
      )}
      {can(conversation, "open") && (
        <IconButton label={t("conversation.reopen")} onPress={() => change.mutate({ state: "open" })} isDisabled={change.isPending}>
          <RotateCcw size={18} />
        </IconButton>
      )}
      {can(conversation, "call") && (
        <Button onPress={() => callBack.mutate()} isDisabled={callBack.isPending} aria-label={t("conversation.callBack")}>
          <Phone size={15} aria-hidden /> <span className="action-word">{t("conversation.callBack")}</span>
        </Button>
      )}
      {can(conversation, "close") && (
        <Button onPress={() => change.mutate({ state: "closed" })} isDisabled={change.isPending} aria-label={t("conversation.close")}>
          <CheckCheck size={15} aria-hidden /> <span className="action-word">{t("conversation.close")}</span>
        </Button>
      )}
    </div>
  );
}
