/** The manager's own corner: status, ring devices, language, theme, sign-out. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Check, LogOut } from "lucide-react";
import { useState } from "react";
import {
  Button as AriaButton, Checkbox, Dialog, DialogTrigger, Popover, ToggleButton, ToggleButtonGroup,
} from "react-aria-components";
import { commands, keys } from "../api/queries";
import type { DeviceKind, Me, OperatorStatus } from "../api/types";
import { useText, type ScreenLanguage } from "../i18n/text";
import { Avatar } from "../ui/avatar";
import { Button } from "../ui/button";
import { useProblemText } from "../ui/problem";
import { Select } from "../ui/select";
import { setTheme, useTheme, type Theme } from "../ui/theme";
import { useToast } from "../ui/toast";

/** What a manager may choose to be; the others come from calls. */
const CHOSEN: OperatorStatus[] = ["waiting", "eat", "rest", "in_meeting", "education", "other_work", "off", "vacation"];
const DEVICES: DeviceKind[] = ["desktop", "mobile", "desk_phone"];
const THEMES: Theme[] = ["system", "light", "dark"];

function statusColour(status: OperatorStatus): string {
  if (status === "waiting" || status === "chat") return "green";
  return status === "call" || status === "meet" || status === "post_call" ? "red" : "grey";
}

export function AccountMenu({ me }: { me: Me }) {
  const { t } = useText();
  return (
    <DialogTrigger>
      <AriaButton className="account-button" aria-label={`${t("nav.account")}: ${me.name}, ${t(`status.${me.status}`)}`} data-testid="account">
        <Avatar name={me.name} id={me.id} />
        <span className={`light ${statusColour(me.status)}`} />
      </AriaButton>
      <Popover className="popover account" placement="right bottom" offset={10}>
        <Dialog className="account-panel" aria-label={t("nav.account")}>
          <AccountPanel me={me} />
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}

function AccountPanel({ me }: { me: Me }) {
  const { t, language, setLanguage } = useText();
  const theme = useTheme();
  const change = useChangeMe();
  const options = (CHOSEN.includes(me.status) ? CHOSEN : [me.status, ...CHOSEN]).map((id) => ({ id, label: t(`status.${id}`) }));
  const choose = (next: ScreenLanguage) => {
    setLanguage(next);
    change.mutate({ language: next });
  };
  return (
    <>
      <div className="account-head">
        <Avatar name={me.name} id={me.id} size={40} />
        <div className="cut">
          <p className="cut"><b>{me.name}</b></p>
          <p className="small muted cut">{me.email}</p>
          <p className="small faint cut">{me.workspace.name} · {t(`role.${me.role}`)}</p>
        </div>
      </div>
      <Select
        label={t("account.status")}
        options={options}
        value={me.status}
        onChange={(status) => change.mutate({ status: status as OperatorStatus })}
      />
      <fieldset className="account-devices">
        <legend className="field-label">{t("account.devices")}</legend>
        {DEVICES.map((device) => (
          <Checkbox
            key={device}
            className="checkbox"
            isSelected={me.ring_devices[device]}
            onChange={(on) => change.mutate({ ring_devices: { ...me.ring_devices, [device]: on } })}
          >
            <span className="box"><Check size={12} strokeWidth={3} /></span>
            {t(`account.device.${device}`)}
          </Checkbox>
        ))}
        <AlertsSwitch />
      </fieldset>
      <Segments
        label={t("account.language")}
        options={[{ id: "ko", label: "한국어" }, { id: "en", label: "English" }]}
        value={language}
        onChange={(id) => choose(id as ScreenLanguage)}
      />
      <Segments
        label={t("account.theme")}
        options={THEMES.map((id) => ({ id, label: t(`account.theme.${id}`) }))}
        value={theme}
        onChange={(id) => setTheme(id as Theme)}
      />
      <SignOut />
    </>
  );
}

interface SegmentsProps {
  label: string;
  options: { id: string; label: string }[];
  value: string;
  onChange: (id: string) => void;
}

function Segments({ label, options, value, onChange }: SegmentsProps) {
  return (
    <div className="field">
      <span className="field-label">{label}</span>
      <ToggleButtonGroup
        className="segmented"
        aria-label={label}
        selectionMode="single"
        disallowEmptySelection
        selectedKeys={[value]}
        onSelectionChange={(selected) => {
          for (const id of selected) onChange(String(id));
        }}
      >
        {options.map((option) => (
          <ToggleButton key={option.id} id={option.id} className="segment">{option.label}</ToggleButton>
        ))}
      </ToggleButtonGroup>
    </div>
  );
}

function AlertsSwitch() {
  const { t } = useText();
  const supported = typeof Notification !== "undefined";
  const [permission, setPermission] = useState(supported ? Notification.permission : "denied");
  if (!supported || permission === "granted") return null;
  if (permission === "denied") return <p className="field-hint">{t("account.alerts")}: {t("account.alertsBlocked")}</p>;
  return (
    <Checkbox className="checkbox" isSelected={false} onChange={() => void Notification.requestPermission().then(setPermission)}>
      <span className="box"><Check size={12} strokeWidth={3} /></span>
      {t("account.alerts")}
    </Checkbox>
  );
}

function SignOut() {
  const { t } = useText();
  const cache = useQueryClient();
  const toast = useToast();
  const say = useProblemText();
  const signOut = useMutation({
    mutationFn: commands.signOut,
    onSuccess: () => {
      cache.clear();
      location.assign("/sign-in");
    },
    onError: (problem) => toast(say(problem), "bad"),
  });
  return (
    <Button look="quiet" wide onPress={() => signOut.mutate()} isDisabled={signOut.isPending} data-testid="sign-out">
      <LogOut size={16} aria-hidden /> {t("account.signOut")}
    </Button>
  );
}

/** Changes the signed-in manager; shows the change at once and takes it back when the server refuses. */
function useChangeMe() {
  const cache = useQueryClient();
  const toast = useToast();
  const say = useProblemText();
  return useMutation({
    mutationFn: commands.changeMe,
    onMutate: (change) => {
      const before = cache.getQueryData<Me>(keys.me);
      if (before) cache.setQueryData<Me>(keys.me, { ...before, ...change });
      return before;
    },
    onSuccess: (me) => cache.setQueryData<Me>(keys.me, (old) => ({ ...old, ...me, workspace: me.workspace ?? old?.workspace })),
    onError: (problem, _change, before) => {
      if (before) cache.setQueryData(keys.me, before);
      toast(say(problem), "bad");
    },
  });
}
