/** Changes a phone's name and manager, or deletes it. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { ApiError } from "../api/problem";
import { useNames } from "../api/names";
import { commands, keys } from "../api/queries";
import type { Phone } from "../api/types";
import { useText } from "../i18n/text";
import { Button } from "../ui/button";
import { Confirm, Dialog } from "../ui/dialog";
import { TextField } from "../ui/field";
import { useProblemText } from "../ui/problem";
import { Select } from "../ui/select";
import { useToast } from "../ui/toast";
import { FormProblem, LONGEST_PHONE_NAME } from "./add-phones-dialog";

export function EditPhoneDialog({ phone, onClose }: { phone: Phone; onClose: () => void }) {
  const { t } = useText();
  const { managers } = useNames();
  const cache = useQueryClient();
  const toast = useToast();
  const [name, setName] = useState(phone.name);
  const [managerId, setManagerId] = useState(phone.manager_id);
  const change = useMutation({
    mutationFn: () => commands.changePhone(phone.id, { name: name.trim(), manager_id: managerId }),
    onSuccess: () => {
      void cache.invalidateQueries({ queryKey: keys.phones });
      toast(t("common.saved"));
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim()) change.mutate();
  };
  return (
    <Dialog title={t("phones.editTitle")} text={t("phones.editText")} isOpen onClose={onClose}>
      <form className="dialog-form" onSubmit={submit}>
        <TextField
          label={t("phones.name")}
          value={name}
          onChange={setName}
          maxLength={LONGEST_PHONE_NAME}
          error={change.error instanceof ApiError ? change.error.field("name") : undefined}
          autoFocus
        />
        <Select label={t("phones.manager")} options={managers.map(({ id, name: label }) => ({ id, label }))} value={managerId} onChange={setManagerId} />
        <FormProblem problem={change.error} />
        <div className="dialog-foot">
          <Button onPress={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" look="primary" isDisabled={!name.trim() || change.isPending}>{t("common.save")}</Button>
        </div>
      </form>
    </Dialog>
  );
}

export function DeletePhoneDialog({ phone, onClose }: { phone: Phone; onClose: () => void }) {
  const { t } = useText();
  const cache = useQueryClient();
  const toast = useToast();
  const say = useProblemText();
  const remove = useMutation({
    mutationFn: () => commands.deletePhone(phone.id),
    onSuccess: () => {
      void cache.invalidateQueries({ queryKey: keys.phones });
      toast(t("phones.deleted", { name: phone.name }));
      onClose();
    },
    onError: (problem) => {
      toast(say(problem), "bad");
      onClose();
    },
  });
  return (
    <Confirm
      title={t("phones.deleteTitle", { name: phone.name })}
      text={t("phones.deleteText")}
      action={t("common.delete")}
      isOpen
      isPending={remove.isPending}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    />
  );
}
