/** Settings → Meet → Phone: the tabs and what stands under them. */
import { Outlet } from "react-router";
import { NavLink } from "react-router";
import { useText } from "../i18n/text";
import { SettingsFrame } from "./settings-frame";

export function PhoneSettings() {
  const { t } = useText();
  return (
    <SettingsFrame>
      <header className="page-head">
        <p className="crumbs tiny faint">{t("settings.title")} / {t("settings.meet")}</p>
        <h1>{t("settings.phone")}</h1>
      </header>
      <nav className="tab-list" aria-label={t("settings.tabs")}>
        <NavLink className="tab" to="/settings/phone/numbers">{t("settings.numbers")}</NavLink>
        <NavLink className="tab" to="/settings/phone/phones">{t("settings.phones")}</NavLink>
      </nav>
      <Outlet />
    </SettingsFrame>
  );
}
