/** Registers 1–8 phones at once (R38). */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus, X } from "lucide-react";
import { useState, type FormEvent } from "react";
import { ApiError } from "../api/problem";
import { useNames } from "../api/names";
import { commands, keys, queries } from "../api/queries";
import type { Phone } from "../api/types";
import { useText } from "../i18n/text";
import { Button, IconButton } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { TextField } from "../ui/field";
import { useProblemText } from "../ui/problem";
import { Select } from "../ui/select";
import { useToast } from "../ui/toast";

/** R38 and R39; the server has the last word. */
const MOST_AT_ONCE = 8;
export const LONGEST_PHONE_NAME = 29;

interface Row {
  key: number;
  name: string;
  manager_id: string | null;
}

export function AddPhonesDialog({ phones, onClose }: { phones: Phone[]; onClose: () => void }) {
  const { t } = useText();
  const me = useQuery(queries.me).data;
  const cache = useQueryClient();
  const toast = useToast();
  const [rows, setRows] = useState<Row[]>([{ key: 0, name: "", manager_id: me?.id ?? null }]);
  const add = useMutation({
    mutationFn: commands.addPhones,
    onSuccess: () => {
      void cache.invalidateQueries({ queryKey: keys.phones });
      toast(t("phones.added"));
      onClose();
    },
  });
  const isTaken = (row: Row) =>
    row.name.trim() !== "" &&
    (phones.some((phone) => phone.name === row.name.trim()) || rows.some((other) => other.key < row.key && other.name.trim() === row.name.trim()));
  const isReady = rows.every((row) => row.name.trim() !== "" && row.manager_id && !isTaken(row));
  const change = (key: number, part: Partial<Row>) => setRows((old) => old.map((row) => (row.key === key ? { ...row, ...part } : row)));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isReady) add.mutate(rows.map(({ name, manager_id }) => ({ name: name.trim(), manager_id: manager_id ?? "" })));
  };
  return (
    <Dialog title={t("phones.addTitle")} text={t("phones.addText")} isOpen onClose={onClose} wide>
      <form className="dialog-form" onSubmit={submit}>
        <div className="phone-rows">
          {rows.map((row, index) => (
            <RowFields
              key={row.key}
              row={row}
              index={index}
              error={isTaken(row) ? t("phones.nameDuplicate") : serverError(add.error, index)}
              onChange={(part) => change(row.key, part)}
              onRemove={rows.length > 1 ? () => setRows((old) => old.filter(({ key }) => key !== row.key)) : null}
            />
          ))}
        </div>
        {rows.length < MOST_AT_ONCE && (
          <div>
            <Button look="quiet" onPress={() => setRows((old) => [...old, { key: (old.at(-1)?.key ?? 0) + 1, name: "", manager_id: old.at(-1)?.manager_id ?? null }])}>
              <Plus size={14} aria-hidden /> {t("phones.addAnother")}
            </Button>
          </div>
        )}
        <FormProblem problem={add.error} />
        <div className="dialog-foot">
          <Button onPress={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" look="primary" isDisabled={!isReady || add.isPending}>{t("phones.addSubmit")}</Button>
        </div>
      </form>
    </Dialog>
  );
}

interface RowFieldsProps {
  row: Row;
  index: number;
  error: string | undefined;
  onChange: (part: Partial<Row>) => void;
  onRemove: (() => void) | null;
}

function RowFields({ row, index, error, onChange, onRemove }: RowFieldsProps) {
  const { t } = useText();
  const { managers } = useNames();
  const n = index + 1;
  return (
    <div className="phone-row">
      <TextField
        label={t("phones.nameN", { n })}
        hideLabel
        placeholder={t("phones.nameHint")}
        value={row.name}
        onChange={(name) => onChange({ name })}
        maxLength={LONGEST_PHONE_NAME}
        error={error}
        autoFocus
      />
      <Select
        label={t("phones.managerN", { n })}
        hideLabel
        placeholder={t("phones.pickManager")}
        options={managers.map(({ id, name }) => ({ id, label: name }))}
        value={row.manager_id}
        onChange={(manager_id) => onChange({ manager_id })}
      />
      {onRemove && <IconButton label={t("phones.remove", { n })} onPress={onRemove}><X size={16} /></IconButton>}
    </div>
  );
}

/** What the server said of one row: its path is `phones[0].name`, `phones.0.name` or `/phones/0/name`. */
function serverError(problem: unknown, index: number): string | undefined {
  if (!(problem instanceof ApiError)) return undefined;
  return problem.fields.find(({ path }) => path.replace(/\W+/g, ".").replace(/^\./, "").startsWith(`phones.${index}.`))?.message;
}

export function FormProblem({ problem }: { problem: unknown }) {
  const say = useProblemText();
  if (!problem || (problem instanceof ApiError && problem.fields.length > 0)) return null;
  return <p className="form-problem" role="alert">{say(problem)}</p>;
}
