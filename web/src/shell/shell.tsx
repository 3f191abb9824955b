/** The frame of every page once signed in: navigation, live updates, the softphone. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Navigate, Outlet, useLocation, useNavigate } from "react-router";
import { RouterProvider as AriaRouter } from "react-aria-components";
import { followEvents, type LiveState } from "../api/events";
import { ApiError } from "../api/problem";
import { queries } from "../api/queries";
import type { Me } from "../api/types";
import { useText } from "../i18n/text";
import { SoftphoneProvider } from "../softphone/context";
import { SoftphoneDock } from "../softphone/dock";
import { ErrorState } from "../ui/state-panel";
import { SideNav } from "./side-nav";

export function Shell() {
  const me = useQuery(queries.me);
  const location = useLocation();
  if (me.isPending) return <Splash />;
  if (me.error instanceof ApiError && me.error.status === 401) {
    return <Navigate to="/sign-in" replace state={{ from: location.pathname }} />;
  }
  if (!me.data) return <main className="crash"><ErrorState problem={me.error} onRetry={() => void me.refetch()} /></main>;
  return <SignedIn me={me.data} />;
}

function Splash() {
  const { t } = useText();
  return (
    <div className="splash" role="status" aria-label={t("app.loading")}>
      <img src="/icon.svg" alt="" width={40} height={40} />
    </div>
  );
}

function SignedIn({ me }: { me: Me }) {
  const navigate = useNavigate();
  const { live, storeFailing } = useLive();
  const { language, setLanguage, t } = useText();
  useEffect(() => {
    const own = me.language === "ko" ? "ko" : "en";
    if (own !== language) setLanguage(own);
    // The manager's own language wins when it changes, not each time the screen's does.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [me.language]);
  return (
    <AriaRouter navigate={(path) => void navigate(path)}>
      <SoftphoneProvider managerId={me.id}>
        <div className="shell">
          <SideNav me={me} />
          <div className="shell-main">
            {live === "away" && <p className="strip" role="status">{t("live.away")}</p>}
            {storeFailing && <p className="strip bad" role="alert">{t("system.store_failing")}</p>}
            <Outlet />
          </div>
        </div>
        <SoftphoneDock />
      </SoftphoneProvider>
    </AriaRouter>
  );
}

/** Follows the server's events as long as somebody is signed in. */
function useLive(): { live: LiveState; storeFailing: boolean } {
  const cache = useQueryClient();
  const [live, setLive] = useState<LiveState>("connecting");
  const [storeFailing, setStoreFailing] = useState(false);
  useEffect(() => followEvents(cache, setLive, (health) => setStoreFailing(health.store_failing)), [cache]);
  return { live, storeFailing };
}
