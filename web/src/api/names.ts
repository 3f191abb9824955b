/** Names of managers, teams and numbers by id, from the lists that are small enough to be read whole. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { phoneNumber } from "../i18n/words";
import { queries } from "./queries";
import type { Manager, PhoneNumber, Team } from "./types";

export interface Names {
  managers: Manager[];
  teams: Team[];
  numbers: PhoneNumber[];
  manager: (id: string | null) => string | null;
  team: (id: string | null) => string | null;
  number: (id: string | null) => string | null;
}

/** Whom a trace means by a manager's ID, by "manager" and one, or by a number. */
export function partyName(names: Names, named: string): string {
  return names.manager(named.replace(/^manager /, "")) ?? phoneNumber(named);
}

export function useNames(): Names {
  const managers = useQuery(queries.managers).data?.items;
  const teams = useQuery(queries.teams).data?.items;
  const numbers = useQuery(queries.numbers).data?.items;
  return useMemo(() => {
    const find = <T extends { id: string }>(items: T[] | undefined, id: string | null) => items?.find((item) => item.id === id);
    return {
      managers: managers ?? [],
      teams: teams ?? [],
      numbers: numbers ?? [],
      manager: (id) => find(managers, id)?.name ?? null,
      team: (id) => find(teams, id)?.name ?? null,
      number: (id) => find(numbers, id)?.e164 ?? null,
    };
  }, [managers, teams, numbers]);
}
