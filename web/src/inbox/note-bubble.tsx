import { useNames } from "../api/names";
import type { Note } from "../api/types";
import { useText } from "../i18n/text";
import { fullTime, timeOfDay } from "../i18n/words";
import { Avatar } from "../ui/avatar";

/** An internal note: who wrote it, when, what. */
export function NoteBubble({ note }: { note: Note }) {
  const { t, language } = useText();
  const names = useNames();
  const author = names.manager(note.manager_id) ?? t("note.formerManager");
  return (
    <article className="bubble note" data-testid="note">
      <div className="bubble-head">
        <Avatar name={author} id={note.manager_id ?? ""} size={24} />
        <p className="bubble-title cut">{author} <span className="tiny faint">{t("note.label")}</span></p>
        <time className="tiny faint" dateTime={note.at} title={fullTime(note.at, language)}>{timeOfDay(note.at, language)}</time>
      </div>
      <p className="note-text">{note.text}</p>
    </article>
  );
}
