/** Keys of the phone: Ctrl+Shift+D dial, Space answer, M mute, H hold, O hang up. */
import { useEffect } from "react";
import type { Softphone } from "./softphone";
import type { Command, SoftphoneState } from "./state";

/** Where a letter or Space belongs to the element and not to the phone. */
function belongsToElement(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.matches("input, textarea, select")) return true;
  // Space presses a focused button or opens an option; letters search in lists.
  if (target.closest("[role=listbox], [role=menu], [role=dialog]")) return true;
  return key === " " && target.closest("button, a, [role=button], [role=tab], [role=radio]") !== null && !target.closest("[data-testid=ring-prompt]");
}

function commandOf(event: KeyboardEvent, { call }: SoftphoneState): Command | null {
  if (!call || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return null;
  if (call.phase === "incoming") return event.code === "Space" && !onDecline(event.target) ? { do: "answer" } : null;
  if (event.code === "KeyO" && call.phase !== "ended") return { do: "hangUp" };
  if (call.phase !== "engaged") return null;
  // `code` is the key's place, so that the letters work with a Hangul layout too.
  if (event.code === "KeyM") return { do: "mute", on: !call.muted };
  if (event.code === "KeyH") return { do: "hold", on: !call.held };
  return null;
}

/** Space on the focused decline button declines. */
function onDecline(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("[data-testid=softphone-decline]") !== null;
}

export function useKeyboard(softphone: Softphone | null, state: SoftphoneState, openDial: () => void): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.ctrlKey && event.shiftKey && event.code === "KeyD") {
        event.preventDefault();
        openDial();
        return;
      }
      if (belongsToElement(event.target, event.key)) return;
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
