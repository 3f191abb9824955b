/** The twelve keys. */
import { Button as AriaButton } from "react-aria-components";
import { useText } from "../i18n/text";

const KEYS: { key: string; letters: string }[] = [
  { key: "1", letters: "" }, { key: "2", letters: "ABC" }, { key: "3", letters: "DEF" },
  { key: "4", letters: "GHI" }, { key: "5", letters: "JKL" }, { key: "6", letters: "MNO" },
  { key: "7", letters: "PQRS" }, { key: "8", letters: "TUV" }, { key: "9", letters: "WXYZ" },
  { key: "*", letters: "" }, { key: "0", letters: "+" }, { key: "#", letters: "" },
];

/** The key's name in test ids: `0`…`9`, `star`, `hash`. */
export function keyName(key: string): string {
  return key === "*" ? "star" : key === "#" ? "hash" : key;
}

interface KeyPadProps {
  onKey: (key: string) => void;
  isDisabled?: boolean;
  /** Test ids are `<prefix>-key-<name>`. */
  prefix: string;
}

export function KeyPad({ onKey, isDisabled = false, prefix }: KeyPadProps) {
  const { t } = useText();
  return (
    <div className="key-pad">
      {KEYS.map(({ key, letters }) => (
        <AriaButton
          key={key}
          className="key"
          isDisabled={isDisabled}
          onPress={() => onKey(key)}
          aria-label={key === "*" ? t("key.star") : key === "#" ? t("key.hash") : key}
          data-testid={`${prefix}-key-${keyName(key)}`}
        >
          <span className="key-digit">{key}</span>
          <span className="key-letters" aria-hidden>{letters}</span>
        </AriaButton>
      ))}
    </div>
  );
}
