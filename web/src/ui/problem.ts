/** Turns what went wrong into words for the person at the screen. */
import { useCallback } from "react";
import { ApiError } from "../api/problem";
import { useText } from "../i18n/text";

export function useProblemText(): (problem: unknown) => string {
  const { t } = useText();
  return useCallback(
    (problem: unknown) => {
      if (!(problem instanceof ApiError)) return t("problem.unknown");
      if (problem.status === 0) return t("problem.unreachable");
      if (problem.status === 404) return t("problem.missing");
      return problem.fields[0]?.message ?? problem.message;
    },
    [t],
  );
}
