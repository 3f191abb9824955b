/** Gives every page the one browser phone of the signed-in manager. */
import { createContext, useContext, useEffect, useState, useSyncExternalStore, type ReactNode } from "react";
import { Softphone } from "./softphone";
import { STARTING, type SoftphoneState } from "./state";

const SoftphoneContext = createContext<Softphone | null>(null);

export function SoftphoneProvider({ managerId, children }: { managerId: string; children: ReactNode }) {
  const [softphone, setSoftphone] = useState<Softphone | null>(null);
  useEffect(() => {
    const created = new Softphone(managerId);
    setSoftphone(created);
    return () => {
      setSoftphone(null);
      created.stop();
    };
  }, [managerId]);
  return <SoftphoneContext.Provider value={softphone}>{children}</SoftphoneContext.Provider>;
}

const noSubscription = () => () => undefined;

/** The phone and what it does now; the phone is `null` for the first moment of a page. */
export function useSoftphone(): { softphone: Softphone | null; state: SoftphoneState } {
  const softphone = useContext(SoftphoneContext);
  const state = useSyncExternalStore(softphone?.subscribe ?? noSubscription, softphone?.getState ?? (() => STARTING));
  return { softphone, state };
}
