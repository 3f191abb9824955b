/** Screens for what should not happen: an unknown address, an error while drawing. */
import { CircleAlert, SearchX } from "lucide-react";
import { useRouteError } from "react-router";
import { useText } from "../i18n/text";
import { Button } from "../ui/button";
import { EmptyState } from "../ui/state-panel";

export function MissingPage() {
  const { t } = useText();
  return <EmptyState icon={SearchX} title={t("problem.page")} />;
}

export function CrashScreen() {
  const { t } = useText();
  const problem = useRouteError();
  return (
    <main className="crash">
      <EmptyState icon={CircleAlert} title={t("problem.crash")} hint={problem instanceof Error ? problem.message : ""}>
        <Button onPress={() => location.reload()}>{t("problem.reload")}</Button>
      </EmptyState>
    </main>
  );
}
