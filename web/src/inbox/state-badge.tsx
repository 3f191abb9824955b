import type { ConversationState } from "../api/types";
import { useText } from "../i18n/text";

const COLOURS: Record<ConversationState, string> = { open: "teal", missed: "red", snoozed: "orange", queued: "orange", closed: "" };

/** The state of a conversation as a small coloured word. */
export function StateBadge({ state }: { state: ConversationState }) {
  const { t } = useText();
  return <span className={`badge ${COLOURS[state]}`}>{t(`state.${state}`)}</span>;
}
