/** Dialogs: any content, or a yes/no question. */
import type { ReactNode } from "react";
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { useText } from "../i18n/text";
import { Button } from "./button";

interface DialogProps {
  title: string;
  text?: string;
  isOpen: boolean;
  onClose: () => void;
  wide?: boolean;
  role?: "dialog" | "alertdialog";
  children: ReactNode;
}

export function Dialog({ title, text, isOpen, onClose, wide, role = "dialog", children }: DialogProps) {
  return (
    <ModalOverlay className="overlay" isOpen={isOpen} onOpenChange={(open) => !open && onClose()} isDismissable={role === "dialog"}>
      <Modal className={`modal ${wide ? "wide-modal" : ""}`}>
        <AriaDialog className="dialog" role={role}>
          <div className="dialog-head">
            <Heading slot="title" level={2}>{title}</Heading>
            {text && <p className="small muted">{text}</p>}
          </div>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

interface ConfirmProps {
  title: string;
  text: string;
  action: string;
  isOpen: boolean;
  isPending: boolean;
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks before something that cannot be taken back. */
export function Confirm({ title, text, action, isOpen, isPending, onConfirm, onClose }: ConfirmProps) {
  const { t } = useText();
  return (
    <Dialog title={title} text={text} isOpen={isOpen} onClose={onClose} role="alertdialog">
      <div className="dialog-foot">
        <Button onPress={onClose} autoFocus>{t("common.cancel")}</Button>
        <Button look="danger-solid" onPress={onConfirm} isDisabled={isPending}>{action}</Button>
      </div>
    </Dialog>
  );
}
