/** What to enter in a desk phone's admin page; every value can be copied (R45–R48). */
import { useQuery } from "@tanstack/react-query";
import { Eye, EyeOff } from "lucide-react";
import { useState, type ReactNode } from "react";
import { queries } from "../api/queries";
import type { Phone } from "../api/types";
import { useText } from "../i18n/text";
import { Button, IconButton } from "../ui/button";
import { CopyButton } from "../ui/copy";
import { Dialog } from "../ui/dialog";
import { Select } from "../ui/select";
import { ErrorState, Skeleton } from "../ui/state-panel";

export function LinkInfoDialog({ phone, onClose }: { phone: Phone; onClose: () => void }) {
  const { t } = useText();
  return (
    <Dialog title={t("phones.infoTitle", { name: phone.name })} text={t("phones.infoText")} isOpen onClose={onClose} wide>
      <ServerInfo />
      <section className="info-block">
        <h3>{t("phones.phone")}</h3>
        <dl className="info">
          <Value label={t("phones.name")} value={phone.name} />
          <Value label={t("phones.deviceAddress")} value={phone.device_address} />
          <Value label={t("phones.userId")} value={phone.user_id} />
          <Password value={phone.password} />
        </dl>
      </section>
      <div className="dialog-foot"><Button onPress={onClose}>{t("common.close")}</Button></div>
    </Dialog>
  );
}

function ServerInfo() {
  const { t } = useText();
  const servers = useQuery(queries.phoneServers);
  const [country, setCountry] = useState<string | null>(null);
  const server = servers.data?.find((item) => item.country === country) ?? servers.data?.[0];
  if (servers.isError) return <ErrorState problem={servers.error} onRetry={() => void servers.refetch()} />;
  if (!server) return <Skeleton width="100%" height={120} />;
  return (
    <section className="info-block">
      <h3>{t("phones.server")}</h3>
      <Select
        label={t("phones.country")}
        hideLabel
        options={(servers.data ?? []).map((item) => ({ id: item.country, label: item.label }))}
        value={server.country}
        onChange={setCountry}
      />
      <dl className="info">
        <Value label={t("phones.serverAddress")} value={server.host} />
        <Value label={t("phones.port")} value={String(server.port)} />
        <dt>{t("phones.transports")}</dt>
        <dd><span className="muted">{server.transports.map((transport) => transport.toUpperCase()).join(", ")}</span></dd>
      </dl>
    </section>
  );
}

function Value({ label, value, shown, children }: { label: string; value: string; shown?: string; children?: ReactNode }) {
  return (
    <>
      <dt>{label}</dt>
      <dd>
        <code className="cut">{shown ?? value}</code>
        {children}
        <CopyButton what={label} value={value} />
      </dd>
    </>
  );
}

function Password({ value }: { value: string }) {
  const { t } = useText();
  const [visible, setVisible] = useState(false);
  return (
    <Value label={t("phones.password")} value={value} shown={visible ? value : "••••••••••••"}>
      <IconButton small label={t(visible ? "phones.hidePassword" : "phones.showPassword")} onPress={() => setVisible(!visible)}>
        {visible ? <EyeOff size={14} /> : <Eye size={14} />}
      </IconButton>
    </Value>
  );
}
