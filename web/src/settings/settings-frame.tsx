import { Phone } from "lucide-react";
import type { ReactNode } from "react";
import { NavLink } from "react-router";
import { useText } from "../i18n/text";

/** The settings' own navigation beside a page. */
export function SettingsFrame({ children }: { children: ReactNode }) {
  const { t } = useText();
  return (
    <main className="settings">
      <nav className="settings-nav" aria-label={t("settings.title")}>
        <h2>{t("settings.title")}</h2>
        <h3 className="tiny faint">{t("settings.meet")}</h3>
        <NavLink className="settings-link" to="/settings/phone"><Phone size={16} aria-hidden /> {t("settings.phone")}</NavLink>
      </nav>
      <div className="settings-page"><div className="settings-column">{children}</div></div>
    </main>
  );
}
