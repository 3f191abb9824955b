/** Fields of forms: label, input, hint, error. */
import { Search, X } from "lucide-react";
import {
  Button as AriaButton, FieldError, Input, Label, SearchField as AriaSearchField, Text, TextField as AriaTextField,
  type TextFieldProps as AriaTextFieldProps,
} from "react-aria-components";
import { useText } from "../i18n/text";

export interface TextFieldProps extends Omit<AriaTextFieldProps, "children" | "className"> {
  label: string;
  /** Keeps the label for screen readers only. */
  hideLabel?: boolean;
  hint?: string | undefined;
  error?: string | undefined;
  placeholder?: string;
  testId?: string;
  inputClass?: string;
}

export function TextField({ label, hideLabel, hint, error, placeholder, testId, inputClass, ...rest }: TextFieldProps) {
  return (
    <AriaTextField {...rest} className="field" isInvalid={Boolean(error)} validationBehavior="aria">
      <Label className={hideLabel ? "hidden-word" : "field-label"}>{label}</Label>
      <Input className={`input ${inputClass ?? ""}`} placeholder={placeholder} data-testid={testId} />
      {hint && !error && <Text slot="description" className="field-hint">{hint}</Text>}
      <FieldError className="field-error">{error}</FieldError>
    </AriaTextField>
  );
}

export function SearchField({ label, value, onChange }: { label: string; value: string; onChange: (value: string) => void }) {
  const { t } = useText();
  return (
    <AriaSearchField className="search" aria-label={label} value={value} onChange={onChange}>
      <Search size={16} aria-hidden />
      <Input className="input" placeholder={label} />
      <AriaButton className="button icon quiet small-icon search-clear" aria-label={t("common.clear")}>
        <X size={14} />
      </AriaButton>
    </AriaSearchField>
  );
}
