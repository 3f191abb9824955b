/** Short messages at the bottom of the screen that go away by themselves. */
import { createContext, useCallback, useContext, useMemo, useRef, useState, type ReactNode } from "react";

const SHOWN_MS = 3_500;
const SHOWN_BAD_MS = 6_000;
const MOST = 3;

interface Toast {
  id: number;
  text: string;
  bad: boolean;
}

type Say = (text: string, kind?: "good" | "bad") => void;

const ToastContext = createContext<Say>(() => undefined);

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const last = useRef(0);
  const say = useCallback<Say>((text, kind = "good") => {
    const id = ++last.current;
    const bad = kind === "bad";
    setToasts((shown) => [...shown.slice(1 - MOST), { id, text, bad }]);
    window.setTimeout(() => setToasts((shown) => shown.filter((toast) => toast.id !== id)), bad ? SHOWN_BAD_MS : SHOWN_MS);
  }, []);
  const value = useMemo(() => say, [say]);
  return (
    <ToastContext.Provider value={value}>
      {children}
      <div className="toasts" role="status" aria-live="polite">
        {toasts.map((toast) => (
          <div key={toast.id} className={`toast${toast.bad ? " bad" : ""}`}>{toast.text}</div>
        ))}
      </div>
    </ToastContext.Provider>
  );
}

export const useToast = () => useContext(ToastContext);
