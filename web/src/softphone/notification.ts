/** The system's notification while a call rings and the tab is out of sight. */

/** Shows it when the manager allowed it; the returned function takes it away. */
export function notifyOfCall(caller: string, number: string): () => void {
  if (!document.hidden || typeof Notification === "undefined" || Notification.permission !== "granted") return () => undefined;
  const notification = new Notification(caller, { body: number, tag: "sori.call", requireInteraction: true, icon: "/icon.svg" });
  notification.onclick = () => {
    window.focus();
    notification.close();
  };
  return () => notification.close();
}
