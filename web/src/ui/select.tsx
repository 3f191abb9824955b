/** A select with an optional second line per option. */
import { Check, ChevronsUpDown } from "lucide-react";
import { Button as AriaButton, Label, ListBox, ListBoxItem, Popover, Select as AriaSelect, SelectValue } from "react-aria-components";

export interface Option {
  id: string;
  label: string;
  hint?: string;
}

interface SelectProps {
  label: string;
  hideLabel?: boolean;
  options: Option[];
  value: string | null;
  onChange: (id: string) => void;
  placeholder?: string;
  isDisabled?: boolean;
  testId?: string;
}

export function Select({ label, hideLabel, options, value, onChange, placeholder, isDisabled, testId }: SelectProps) {
  return (
    <AriaSelect
      className="field"
      value={value}
      onChange={(key) => key !== null && onChange(String(key))}
      placeholder={placeholder ?? ""}
      isDisabled={isDisabled ?? false}
    >
      <Label className={hideLabel ? "hidden-word" : "field-label"}>{label}</Label>
      <AriaButton className="select-button" data-testid={testId}>
        <SelectValue className="select-value">
          {({ isPlaceholder, defaultChildren }) => (isPlaceholder ? defaultChildren : options.find(({ id }) => id === value)?.label)}
        </SelectValue>
        <ChevronsUpDown size={14} aria-hidden />
      </AriaButton>
      <Popover className="popover" offset={4}>
        <ListBox className="options" items={options}>
          {(option) => (
            <ListBoxItem className="option" id={option.id} textValue={option.label}>
              <span className="option-text">
                <span>{option.label}</span>
                {option.hint && <span className="option-hint">{option.hint}</span>}
              </span>
              <Check className="check" size={16} aria-hidden />
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </AriaSelect>
  );
}
