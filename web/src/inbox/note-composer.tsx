/** Writes an internal note: Enter sends, Shift+Enter breaks the line. What was typed stays when the server refuses it. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { SendHorizontal } from "lucide-react";
import { useState, type KeyboardEvent } from "react";
import { TextArea, TextField } from "react-aria-components";
import { asTimelineItem, placeInTimeline } from "../api/live";
import { commands, keys } from "../api/queries";
import type { List, TimelineItem } from "../api/types";
import { useText } from "../i18n/text";
import { IconButton } from "../ui/button";
import { useProblemText } from "../ui/problem";
import { useToast } from "../ui/toast";

export function NoteComposer({ id }: { id: string }) {
  const { t } = useText();
  const cache = useQueryClient();
  const toast = useToast();
  const say = useProblemText();
  const [text, setText] = useState("");
  const add = useMutation({
    mutationFn: (written: string) => commands.addNote(id, written),
    onSuccess: (note) => {
      setText("");
      cache.setQueryData<List<TimelineItem>>(keys.timeline(id), (old) =>
        old && { ...old, items: placeInTimeline(old.items, asTimelineItem("note", note)) },
      );
    },
    onError: (problem) => toast(`${t("note.failed")} ${say(problem)}`, "bad"),
  });
  const send = () => {
    if (text.trim() && !add.isPending) add.mutate(text.trim());
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // While a Hangul syllable is being composed, Enter belongs to the input method.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <div className="composer">
      <TextField className="composer-field" aria-label={t("note.label")} value={text} onChange={setText} onKeyDown={onKeyDown}>
        <TextArea className="composer-input" rows={1} placeholder={t("note.placeholder")} data-testid="note-input" />
      </TextField>
      <div className="composer-foot">
        <span className="tiny faint">{t("note.hint")}</span>
        <IconButton label={t("note.send")} look={text.trim() ? "primary" : "quiet"} small onPress={send} isDisabled={!text.trim() || add.isPending} data-testid="note-send">
          <SendHorizontal size={15} />
        </IconButton>
      </div>
    </div>
  );
}
