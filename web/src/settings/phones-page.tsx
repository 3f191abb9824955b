/** The phones: a live light each, link info, edit, delete. */
import { useQuery } from "@tanstack/react-query";
import { MoreHorizontal, PhoneCall, Plus } from "lucide-react";
import { useState } from "react";
import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { can } from "../api/actions";
import { useNames } from "../api/names";
import { queries } from "../api/queries";
import type { Phone } from "../api/types";
import { useText } from "../i18n/text";
import { fullTime } from "../i18n/words";
import { Button } from "../ui/button";
import { EmptyState, ErrorState, Skeleton, SkeletonRows } from "../ui/state-panel";
import { AddPhonesDialog } from "./add-phones-dialog";
import { DeletePhoneDialog, EditPhoneDialog } from "./edit-phone-dialog";
import { LinkInfoDialog } from "./link-info-dialog";

type Open = { what: "info" | "edit" | "delete"; phone: Phone } | { what: "add" } | null;

export function PhonesPage() {
  const { t } = useText();
  const me = useQuery(queries.me).data;
  const phones = useQuery(queries.phones);
  const [open, setOpen] = useState<Open>(null);
  const items = phones.data?.items ?? [];
  const close = () => setOpen(null);
  return (
    <>
      <div className="page-bar">
        <p className="small muted">{t("phones.lead")}</p>
        {can(me, "manage_settings") && <Button look="primary" onPress={() => setOpen({ what: "add" })}><Plus size={16} aria-hidden /> {t("phones.add")}</Button>}
      </div>
      {phones.isPending && <SkeletonRows rows={4} className="table-skeleton">{() => <Skeleton width="100%" height={20} />}</SkeletonRows>}
      {phones.isError && !phones.data && <ErrorState problem={phones.error} onRetry={() => void phones.refetch()} />}
      {phones.data && items.length === 0 && <EmptyState icon={PhoneCall} title={t("phones.empty")} hint={t("phones.emptyHint")} />}
      {items.length > 0 && <PhonesTable phones={items} onOpen={setOpen} />}
      {open?.what === "add" && <AddPhonesDialog phones={items} onClose={close} />}
      {open?.what === "info" && <LinkInfoDialog phone={open.phone} onClose={close} />}
      {open?.what === "edit" && <EditPhoneDialog phone={open.phone} onClose={close} />}
      {open?.what === "delete" && <DeletePhoneDialog phone={open.phone} onClose={close} />}
    </>
  );
}

function PhonesTable({ phones, onOpen }: { phones: Phone[]; onOpen: (open: Open) => void }) {
  const { t } = useText();
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">{t("phones.name")}</th>
          <th scope="col" className="wide-only">{t("phones.link")}</th>
          <th scope="col">{t("phones.manager")}</th>
          <th scope="col"><span className="hidden-word">{t("common.edit")}</span></th>
        </tr>
      </thead>
      <tbody>{phones.map((phone) => <PhoneRow key={phone.id} phone={phone} onOpen={onOpen} />)}</tbody>
    </table>
  );
}

function PhoneRow({ phone, onOpen }: { phone: Phone; onOpen: (open: Open) => void }) {
  const { t, language } = useText();
  const names = useNames();
  const linked = phone.link.state === "linked";
  const word = t(linked ? "phones.linked" : "phones.noSignal");
  return (
    <tr data-testid="phone-row" data-link={phone.link.state}>
      <td>
        <span className="phone-name">
          <span className={`light ${linked ? "green" : "orange"}`} aria-hidden />
          <span>
            <b className="table-main">{phone.name}</b>
            <span className="tiny faint narrow-only">{word}</span>
          </span>
        </span>
      </td>
      <td className="wide-only">
        <span className={linked ? "link-word green" : "link-word orange"}>{word}</span>
        <span className="tiny faint link-more">
          {linked && phone.link.user_agent ? phone.link.user_agent : phone.link.since ? t("phones.since", { time: fullTime(phone.link.since, language) }) : ""}
        </span>
      </td>
      <td>{names.manager(phone.manager_id) ?? t("common.none")}</td>
      <td className="table-end">
        <div className="row-actions">
          <Button onPress={() => onOpen({ what: "info", phone })}>{t("phones.info")}</Button>
          <PhoneMenu phone={phone} onOpen={onOpen} />
        </div>
      </td>
    </tr>
  );
}

function PhoneMenu({ phone, onOpen }: { phone: Phone; onOpen: (open: Open) => void }) {
  const { t } = useText();
  const mayChange = can(phone, "edit");
  const mayDelete = can(phone, "delete");
  if (!mayChange && !mayDelete) return null;
  return (
    <MenuTrigger>
      <AriaButton className="button icon quiet" aria-label={t("phones.actions", { name: phone.name })}><MoreHorizontal size={16} /></AriaButton>
      <Popover className="popover" placement="bottom end">
        <Menu className="options" onAction={(what) => onOpen({ what: what as "edit" | "delete", phone })}>
          {mayChange && <MenuItem className="option" id="edit">{t("common.edit")}</MenuItem>}
          {mayDelete && <MenuItem className="option danger" id="delete">{t("common.delete")}</MenuItem>}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
