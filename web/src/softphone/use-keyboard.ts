/** Keys of the phone: Ctrl+Shift+D dial, Space answer, M mute, H hold, O hang up. */
import { useEffect } from "react";
import type { Softphone } from "./softphone";
import type { Command, SoftphoneState } from "./state";

/** Where a key is text or belongs to a list or dialog that is open. */
const TYPING = "input, textarea, select, [contenteditable=true], [role=listbox], [role=menu], [role=dialog]";

function isIn(target: EventTarget | null, selector: string): boolean {
  return target instanceof Element && target.closest(selector) !== null;
}

/** `code` is the key's place, so that the letters work with a Hangul layout too. */
function commandOf(event: KeyboardEvent, { call }: SoftphoneState): Command | null {
  if (!call || event.ctrlKey || event.metaKey || event.altKey || event.repeat || isIn(event.target, TYPING)) return null;
  if (call.phase === "incoming") {
    // Space on the focused decline button declines; on anything else it answers.
    return event.code === "Space" && !isIn(event.target, "[data-testid=softphone-decline]") ? { do: "answer" } : null;
  }
  if (event.code === "KeyO" && call.phase !== "ended") return { do: "hangUp" };
  if (call.phase !== "engaged") return null;
  if (event.code === "KeyM") return { do: "mute", on: !call.muted };
  if (event.code === "KeyH") return { do: "hold", on: !call.held };
  return null;
}

export function useKeyboard(softphone: Softphone | null, state: SoftphoneState, openDial: () => void): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.ctrlKey && event.shiftKey && event.code === "KeyD") {
        event.preventDefault();
        openDial();
        return;
      }
      const command = commandOf(event, state);
      if (!command) return;
      event.preventDefault();
      event.stopPropagation();
      softphone?.command(command);
    };
    window.addEventListener("keydown", onKeyDown, true);
    return () => window.removeEventListener("keydown", onKeyDown, true);
  }, [softphone, state, openDial]);
}
