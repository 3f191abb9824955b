/** A value with a button that copies it. */
import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { useText } from "../i18n/text";
import { IconButton } from "./button";

const SHOWN_MS = 1_600;

/** Copies text; works on pages without TLS too, where the clipboard API is missing. */
async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

export function CopyButton({ what, value }: { what: string; value: string }) {
  const { t } = useText();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = window.setTimeout(() => setCopied(false), SHOWN_MS);
    return () => window.clearTimeout(timer);
  }, [copied]);
  return (
    <IconButton
      small
      label={copied ? t("common.copied") : t("common.copy", { what })}
      onPress={() => void copyText(value).then(() => setCopied(true))}
    >
      {copied ? <Check size={14} className="copied" /> : <Copy size={14} />}
    </IconButton>
  );
}
