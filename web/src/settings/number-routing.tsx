import { useQuery } from "@tanstack/react-query";
import { useNames } from "../api/names";
import { queries } from "../api/queries";
import type { PhoneNumber, RoutingKind } from "../api/types";
import { useText } from "../i18n/text";
import { Select, type Option } from "../ui/select";
import { useChangeNumber } from "./number-page";

const idOf = (kind: RoutingKind, id?: string | null) => (id ? `${kind}:${id}` : kind);

/** Where the calls of a number go. */
export function NumberRouting({ number, mayChange }: { number: PhoneNumber; mayChange: boolean }) {
  const { t } = useText();
  const change = useChangeNumber(number.id);
  const options = useOptions(number);
  const choose = (value: string) => {
    const [kind, id] = value.split(":") as [RoutingKind, string | undefined];
    change.mutate({ routing: { kind, id: id ?? null } });
  };
  return (
    <section className="section">
      <div className="section-head">
        <h2>{t("numbers.routing")}</h2>
        <p className="small muted">{t("numbers.routingHint")}</p>
      </div>
      <div className="section-body">
        <Select
          label={t("numbers.routing")}
          hideLabel
          isDisabled={!mayChange || change.isPending}
          value={idOf(number.routing.kind, number.routing.id)}
          options={options}
          onChange={choose}
          testId="routing-select"
        />
      </div>
    </section>
  );
}

function useOptions(number: PhoneNumber): Option[] {
  const { t } = useText();
  const names = useNames();
  const workflows = useQuery(queries.workflows).data?.items ?? [];
  const options: Option[] = [
    ...names.teams.map((team) => ({ id: idOf("team", team.id), label: team.name, hint: t("routing.team") })),
    ...names.managers.map((manager) => ({ id: idOf("manager", manager.id), label: manager.name, hint: t("routing.manager") })),
    ...workflows.map((workflow) => ({ id: idOf("workflow", workflow.id), label: workflow.name, hint: t("routing.workflow") })),
    { id: "none", label: t("routing.none"), hint: t("routing.noneHint") },
  ];
  const current = idOf(number.routing.kind, number.routing.id);
  // What the number has now must be shown even when it is not among what can be chosen here.
  return options.some((option) => option.id === current)
    ? options
    : [{ id: current, label: t(`routing.${number.routing.kind}`) }, ...options];
}
