/** Buttons: with words, or with an icon and a tooltip that says the word. */
import type { ReactNode } from "react";
import { Button as AriaButton, Tooltip, TooltipTrigger, type ButtonProps as AriaButtonProps } from "react-aria-components";

type Look = "plain" | "primary" | "danger" | "danger-solid" | "quiet";

export interface ButtonProps extends Omit<AriaButtonProps, "className" | "children" | "style"> {
  look?: Look;
  large?: boolean;
  wide?: boolean;
  children: ReactNode;
  "data-testid"?: string;
}

export function Button({ look = "plain", large, wide, ...rest }: ButtonProps) {
  return <AriaButton {...rest} className={`button ${look}${large ? " large" : ""}${wide ? " wide" : ""}`} />;
}

export interface IconButtonProps extends Omit<ButtonProps, "large" | "wide"> {
  /** Said by screen readers and shown as a tooltip. */
  label: string;
  small?: boolean;
}

export function IconButton({ label, look = "quiet", small, ...rest }: IconButtonProps) {
  return (
    <TooltipTrigger delay={500} closeDelay={0}>
      <AriaButton {...rest} aria-label={label} className={`button icon ${look}${small ? " small-icon" : ""}`} />
      <Tooltip className="tooltip" offset={6}>{label}</Tooltip>
    </TooltipTrigger>
  );
}
