/** What stands where content is missing: nothing there, loading, or an error with a way out. */
import { CircleAlert, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { useProblemText } from "./problem";
import { useText } from "../i18n/text";
import { Button } from "./button";

export function EmptyState({ icon: Icon, title, hint, children }: { icon: LucideIcon; title: string; hint?: string; children?: ReactNode }) {
  return (
    <div className="state-panel">
      <span className="state-icon"><Icon size={20} aria-hidden /></span>
      <h2>{title}</h2>
      {hint && <p className="small">{hint}</p>}
      {children}
    </div>
  );
}

export function ErrorState({ problem, onRetry }: { problem: unknown; onRetry: () => void }) {
  const { t } = useText();
  const say = useProblemText();
  return (
    <div className="state-panel" role="alert">
      <span className="state-icon"><CircleAlert size={20} aria-hidden /></span>
      <h2>{t("problem.load")}</h2>
      <p className="small">{say(problem)}</p>
      <Button onPress={onRetry}>{t("common.retry")}</Button>
    </div>
  );
}

export function Skeleton({ width, height = 12, round }: { width: number | string; height?: number; round?: boolean }) {
  return <div className="skeleton" style={{ width, height, ...(round ? { borderRadius: "50%" } : {}) }} aria-hidden />;
}

/** Rows that stand in for a list while it loads. */
export function SkeletonRows({ rows, className, children }: { rows: number; className: string; children: (row: number) => ReactNode }) {
  const { t } = useText();
  return (
    <div role="status" aria-label={t("app.loading")}>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className={className}>{children(row)}</div>
      ))}
    </div>
  );
}
