/** The slim navigation: a rail on the left, a bar at the bottom on small screens. */
import { Inbox, PhoneForwarded, Settings, UsersRound, type LucideIcon } from "lucide-react";
import { Tooltip, TooltipTrigger, Focusable } from "react-aria-components";
import { NavLink } from "react-router";
import type { Me } from "../api/types";
import { useText, type TextKey } from "../i18n/text";
import { AccountMenu } from "./account-menu";

interface Place {
  to: string;
  label: TextKey;
  icon: LucideIcon;
  demoOnly?: boolean;
}

const PLACES: Place[] = [
  { to: "/inbox", label: "nav.inbox", icon: Inbox },
  { to: "/customers", label: "nav.customers", icon: UsersRound },
  { to: "/call-as-customer", label: "nav.customerCall", icon: PhoneForwarded, demoOnly: true },
  { to: "/settings", label: "nav.settings", icon: Settings },
];

export function SideNav({ me }: { me: Me }) {
  const { t } = useText();
  return (
    <nav className="side-nav" aria-label={t("nav.main")}>
      <img className="side-nav-mark" src="/icon.svg" alt={t("app.name")} width={28} height={28} />
      <ul>
        {PLACES.filter((place) => !place.demoOnly || me.workspace.demo).map(({ to, label, icon: Icon }) => (
          <li key={to}>
            <TooltipTrigger delay={300} closeDelay={0}>
              <Focusable>
                <NavLink className="side-nav-link" to={to} aria-label={t(label)}>
                  <Icon size={20} strokeWidth={1.8} aria-hidden />
                </NavLink>
              </Focusable>
              <Tooltip className="tooltip" placement="right" offset={8}>{t(label)}</Tooltip>
            </TooltipTrigger>
          </li>
        ))}
      </ul>
      <AccountMenu me={me} />
    </nav>
  );
}
