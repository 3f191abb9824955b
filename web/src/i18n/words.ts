/** Numbers, times and durations as people read them. Pure: time and language are arguments. */
import type { ScreenLanguage } from "./text";

/** A Korean number, E.164 or as dialled, the way it is written at home (`070-4000-0001`); others stay as they are. */
export function phoneNumber(e164: string): string {
  if (!e164.startsWith("+82") && !e164.startsWith("0")) return e164;
  // Representative numbers (1588, 1644 …) have no trunk prefix.
  if (/^\+821[5-9]\d{6}$/.test(e164)) return `${e164.slice(3, 7)}-${e164.slice(7)}`;
  const national = e164.startsWith("0") ? e164 : `0${e164.slice(3)}`;
  if (/^02\d{7,8}$/.test(national)) return national.replace(/^(02)(\d{3,4})(\d{4})$/, "$1-$2-$3");
  if (/^0\d{9,10}$/.test(national)) return national.replace(/^(\d{3})(\d{3,4})(\d{4})$/, "$1-$2-$3");
  return e164;
}

/** Whole seconds between two RFC 3339 times, never negative. */
export function secondsBetween(from: string, to: string | number): number {
  const end = typeof to === "number" ? to : Date.parse(to);
  return Math.max(0, Math.floor((end - Date.parse(from)) / 1000));
}

/** `0:07`, `12:40`, `1:02:09`. */
export function clock(seconds: number): string {
  const two = (n: number) => String(n).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

const locale = (language: ScreenLanguage) => (language === "ko" ? "ko-KR" : "en-US");

const sameDay = (a: Date, b: Date) => a.toDateString() === b.toDateString();

export function timeOfDay(at: string, language: ScreenLanguage): string {
  return new Intl.DateTimeFormat(locale(language), { hour: "numeric", minute: "2-digit" }).format(new Date(at));
}

/** Short for lists: the time today, else the day. */
export function listTime(at: string, now: number, language: ScreenLanguage, yesterday: string): string {
  const date = new Date(at);
  const today = new Date(now);
  if (sameDay(date, today)) return timeOfDay(at, language);
  if (sameDay(date, new Date(now - 86_400_000))) return yesterday;
  const year: Intl.DateTimeFormatOptions = date.getFullYear() === today.getFullYear() ? {} : { year: "2-digit" };
  return new Intl.DateTimeFormat(locale(language), { month: "short", day: "numeric", ...year }).format(date);
}

/** The heading of a day in a timeline. */
export function dayName(at: string, now: number, language: ScreenLanguage, words: { today: string; yesterday: string }): string {
  const date = new Date(at);
  if (sameDay(date, new Date(now))) return words.today;
  if (sameDay(date, new Date(now - 86_400_000))) return words.yesterday;
  const year: Intl.DateTimeFormatOptions = date.getFullYear() === new Date(now).getFullYear() ? {} : { year: "numeric" };
  return new Intl.DateTimeFormat(locale(language), { month: "long", day: "numeric", weekday: "short", ...year }).format(date);
}

/** Time since the start of a call: `+0.420 s`, `+1:02.300`. */
export function preciseTime(start: string, at: string): string {
  const ms = Math.max(0, Date.parse(at) - Date.parse(start));
  const seconds = (ms % 60_000) / 1000;
  const minutes = Math.floor(ms / 60_000);
  return minutes > 0 ? `+${minutes}:${seconds.toFixed(3).padStart(6, "0")}` : `+${seconds.toFixed(3)}`;
}

export function fullTime(at: string, language: ScreenLanguage): string {
  return new Intl.DateTimeFormat(locale(language), { dateStyle: "medium", timeStyle: "short" }).format(new Date(at));
}
