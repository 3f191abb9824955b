/** A round initial in a colour that belongs to the name. */
import { UserRound } from "lucide-react";

const HUES = 6;

/** A steady hue number for a key, 0 to HUES-1. */
export function hueOf(key: string): number {
  let sum = 0;
  for (const char of key) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) >>> 0;
  return sum % HUES;
}

export function Avatar({ name, id, size = 32 }: { name: string; id: string; size?: 24 | 32 | 40 | 56 }) {
  const initial = [...name.trim()][0];
  return (
    <span className={`avatar size-${size} hue-${hueOf(id)}`} aria-hidden>
      {initial && !/[+\d]/.test(initial) ? initial.toUpperCase() : <UserRound size={size * 0.5} />}
    </span>
  );
}
