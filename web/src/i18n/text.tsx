/** The words on the screen, in the manager's language. */
import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import { I18nProvider } from "react-aria-components";
import { en } from "./en";
import { ko } from "./ko";

export type TextKey = keyof typeof en;
export type ScreenLanguage = "ko" | "en";
export type Translate = (key: TextKey, values?: Record<string, string | number>) => string;

const DICTIONARIES: Record<ScreenLanguage, Record<TextKey, string>> = { ko, en };
const STORED = "sori.language";

/** Fills `{name}` places of a text. */
export function fill(text: string, values?: Record<string, string | number>): string {
  return values ? text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole)) : text;
}

function firstLanguage(): ScreenLanguage {
  const stored = localStorage.getItem(STORED);
  if (stored === "ko" || stored === "en") return stored;
  return navigator.language.startsWith("ko") ? "ko" : "en";
}

interface TextState {
  language: ScreenLanguage;
  setLanguage: (language: ScreenLanguage) => void;
  t: Translate;
}

const TextContext = createContext<TextState | null>(null);

export function TextProvider({ children }: { children: ReactNode }) {
  const [language, setStateLanguage] = useState(firstLanguage);
  const setLanguage = useCallback((next: ScreenLanguage) => {
    localStorage.setItem(STORED, next);
    setStateLanguage(next);
  }, []);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const value = useMemo<TextState>(
    () => ({ language, setLanguage, t: (key, values) => fill(DICTIONARIES[language][key], values) }),
    [language, setLanguage],
  );
  return (
    <TextContext.Provider value={value}>
      <I18nProvider locale={language === "ko" ? "ko-KR" : "en-US"}>{children}</I18nProvider>
    </TextContext.Provider>
  );
}

export function useText(): TextState {
  const state = useContext(TextContext);
  if (!state) throw new Error("useText outside of TextProvider");
  return state;
}
