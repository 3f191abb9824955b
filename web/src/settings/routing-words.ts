/** Where a number's calls go, in words. */
import type { Names } from "../api/names";
import type { PhoneNumber } from "../api/types";
import type { Translate } from "../i18n/text";

export interface RoutingWords {
  kind: string;
  /** The manager's, team's or workflow's name. */
  name: string | null;
}

export function routingWords(
  routing: PhoneNumber["routing"],
  names: Names,
  workflows: { id: string; name: string }[],
  t: Translate,
): RoutingWords {
  const id = routing.id ?? null;
  switch (routing.kind) {
    case "manager":
      return { kind: t("routing.manager"), name: names.manager(id) };
    case "team":
      return { kind: t("routing.team"), name: names.team(id) };
    case "workflow":
      return { kind: t("routing.workflow"), name: workflows.find((workflow) => workflow.id === id)?.name ?? null };
    case "echo":
      return { kind: t("routing.echo"), name: null };
    case "none":
      return { kind: t("routing.none"), name: null };
  }
}
