/** Sign-in; the demo workspace offers its four accounts. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { Button as AriaButton, ToggleButton, ToggleButtonGroup } from "react-aria-components";
import { useLocation, useNavigate } from "react-router";
import { ApiError } from "../api/problem";
import { commands, queries } from "../api/queries";
import { useText, type ScreenLanguage, type TextKey } from "../i18n/text";
import { Avatar } from "../ui/avatar";
import { Button } from "../ui/button";
import { TextField } from "../ui/field";
import { useProblemText } from "../ui/problem";

const DEMO_PASSWORD = "sori-demo";
const DEMO_ACCOUNTS: { email: string; name: string; role: TextKey }[] = [
  { email: "owner@demo.test", name: "Owner", role: "signIn.role.owner" },
  { email: "minji@demo.test", name: "Minji", role: "signIn.role.support" },
  { email: "jun@demo.test", name: "Jun", role: "signIn.role.support" },
  { email: "sora@demo.test", name: "Sora", role: "signIn.role.sales" },
];

export function SignInPage() {
  const { t } = useText();
  const workspace = useQuery(queries.workspace);
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const fill = (account: string) => {
    setEmail(account);
    setPassword(DEMO_PASSWORD);
  };
  return (
    <main className="sign-in">
      <section className="sign-in-card">
        <header className="sign-in-head">
          <img src="/icon.svg" alt="" width={40} height={40} />
          <div>
            <h1>{workspace.data?.name || t("app.name")}</h1>
            <p className="small muted">{t("signIn.lead")}</p>
          </div>
        </header>
        {workspace.data?.demo && <DemoAccounts chosen={email} onChoose={fill} />}
        <SignInForm email={email} password={password} setEmail={setEmail} setPassword={setPassword} />
      </section>
      <LanguageSwitch />
    </main>
  );
}

function DemoAccounts({ chosen, onChoose }: { chosen: string; onChoose: (email: string) => void }) {
  const { t } = useText();
  return (
    <div className="demo-accounts">
      <p className="field-label">{t("signIn.demo")} <span className="field-hint">{t("signIn.demoHint")}</span></p>
      <div className="demo-grid">
        {DEMO_ACCOUNTS.map((account) => (
          <AriaButton
            key={account.email}
            className={`demo-account${chosen === account.email ? " chosen" : ""}`}
            aria-pressed={chosen === account.email}
            onPress={() => onChoose(account.email)}
            data-testid={`demo-${account.email.split("@")[0]}`}
          >
            <Avatar name={account.name} id={account.email} />
            <span>
              <b>{account.name}</b>
              <span className="tiny faint">{t(account.role)}</span>
            </span>
          </AriaButton>
        ))}
      </div>
    </div>
  );
}

interface FormProps {
  email: string;
  password: string;
  setEmail: (value: string) => void;
  setPassword: (value: string) => void;
}

function SignInForm({ email, password, setEmail, setPassword }: FormProps) {
  const { t } = useText();
  const cache = useQueryClient();
  const navigate = useNavigate();
  const location = useLocation();
  const from = (location.state as { from?: string } | null)?.from ?? "/inbox";
  const signIn = useMutation({
    mutationFn: () => commands.signIn(email.trim(), password),
    onSuccess: async () => {
      await cache.resetQueries({ queryKey: queries.me.queryKey });
      await navigate(from, { replace: true });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!signIn.isPending) signIn.mutate();
  };
  return (
    <form className="sign-in-form" onSubmit={submit} noValidate>
      <TextField label={t("signIn.email")} type="email" value={email} onChange={setEmail} autoComplete="username" testId="login-email" autoFocus />
      <TextField label={t("signIn.password")} type="password" value={password} onChange={setPassword} autoComplete="current-password" testId="login-password" />
      <SignInProblem problem={signIn.error} />
      <Button look="primary" large wide type="submit" isDisabled={signIn.isPending || !email || !password} data-testid="login-submit">
        {t("signIn.submit")}
      </Button>
    </form>
  );
}

function SignInProblem({ problem }: { problem: unknown }) {
  const { t } = useText();
  const say = useProblemText();
  if (!problem) return null;
  const status = problem instanceof ApiError ? problem.status : 0;
  const text = status === 401 || status === 403 || status === 422 ? t("signIn.wrong") : status === 429 ? t("signIn.tooMany") : say(problem);
  return <p className="form-problem" role="alert">{text}</p>;
}

function LanguageSwitch() {
  const { t, language, setLanguage } = useText();
  return (
    <ToggleButtonGroup
      className="segmented"
      aria-label={t("account.language")}
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={[language]}
      onSelectionChange={(selected) => {
        for (const id of selected) setLanguage(id as ScreenLanguage);
      }}
    >
      <ToggleButton id="ko" className="segment">한국어</ToggleButton>
      <ToggleButton id="en" className="segment">English</ToggleButton>
    </ToggleButtonGroup>
  );
}
