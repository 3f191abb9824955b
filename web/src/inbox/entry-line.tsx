import { useNames, type Names } from "../api/names";
import type { ConversationState, Entry } from "../api/types";
import { useText, type Translate } from "../i18n/text";
import { timeOfDay } from "../i18n/words";

const STATES: readonly string[] = ["open", "snoozed", "missed", "queued", "closed"] satisfies ConversationState[];

/** A change of the conversation in one quiet line. */
export function EntryLine({ entry }: { entry: Entry }) {
  const { t, language } = useText();
  const names = useNames();
  // Who answered is assigned by the answer: saying the name once is enough.
  const by = entry.by === entry.value ? null : names.manager(entry.by);
  return (
    <p className="entry tiny faint">
      {entryText(entry, names, t)}
      {by && <> · {t("entry.by", { name: by })}</>} · <time dateTime={entry.at}>{timeOfDay(entry.at, language)}</time>
    </p>
  );
}

function entryText(entry: Entry, names: Names, t: Translate): string {
  switch (entry.kind) {
    case "team_assigned":
      return entry.value ? t("entry.team_assigned", { name: names.team(entry.value) ?? entry.value }) : t("entry.team_cleared");
    case "assignee_assigned":
      return entry.value ? t("entry.assignee_assigned", { name: names.manager(entry.value) ?? entry.value }) : t("entry.assignee_cleared");
    case "state_changed":
      return STATES.includes(entry.value) ? t(`entry.state.${entry.value as ConversationState}`) : entry.value;
    default:
      return entry.value ? `${entry.kind}: ${entry.value}` : entry.kind;
  }
}
