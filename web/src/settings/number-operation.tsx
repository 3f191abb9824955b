import { Minus, Plus } from "lucide-react";
import { useState } from "react";
import { Button as AriaButton, Group, Input, Label, NumberField } from "react-aria-components";
import type { PhoneNumber } from "../api/types";
import { useText } from "../i18n/text";
import { Button } from "../ui/button";
import { Select } from "../ui/select";
import { useChangeNumber } from "./number-page";

/** Bounds of the ring time in seconds (R74). The server checks them too. */
const SHORTEST_RING = 10;
const LONGEST_RING = 120;

/** Ring time and ringback of a number. */
export function NumberOperation({ number, mayChange }: { number: PhoneNumber; mayChange: boolean }) {
  const { t } = useText();
  const change = useChangeNumber(number.id);
  const kinds = ["loop", "national", ...(number.ringback.kind === "custom" ? ["custom" as const] : [])] as const;
  return (
    <section className="section">
      <div className="section-head">
        <h2>{t("numbers.operation")}</h2>
        <p className="small muted">{t("numbers.ringSecondsHint")}</p>
      </div>
      <div className="section-body">
        <RingSeconds key={number.ring_seconds} number={number} mayChange={mayChange} />
        <Select
          label={t("numbers.ringback")}
          isDisabled={!mayChange || change.isPending}
          value={number.ringback.kind}
          options={kinds.map((id) => ({ id, label: t(`numbers.ringback.${id}`) }))}
          onChange={(kind) => change.mutate({ ringback: { kind: kind as PhoneNumber["ringback"]["kind"] } })}
        />
        <p className="field-hint">{t("numbers.ringbackHint")}</p>
      </div>
    </section>
  );
}

function RingSeconds({ number, mayChange }: { number: PhoneNumber; mayChange: boolean }) {
  const { t } = useText();
  const change = useChangeNumber(number.id);
  const [seconds, setSeconds] = useState(number.ring_seconds);
  const changed = seconds !== number.ring_seconds && !Number.isNaN(seconds);
  return (
    <form
      className="inline-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (changed) change.mutate({ ring_seconds: seconds });
      }}
    >
      <NumberField className="field" value={seconds} onChange={setSeconds} minValue={SHORTEST_RING} maxValue={LONGEST_RING} isDisabled={!mayChange}>
        <Label className="field-label">{t("numbers.ringSeconds")} ({t("numbers.seconds")})</Label>
        <Group className="stepper">
          <AriaButton slot="decrement" className="button icon quiet"><Minus size={14} /></AriaButton>
          <Input className="input number" />
          <AriaButton slot="increment" className="button icon quiet"><Plus size={14} /></AriaButton>
        </Group>
      </NumberField>
      {mayChange && <Button type="submit" look={changed ? "primary" : "plain"} isDisabled={!changed || change.isPending}>{t("common.save")}</Button>}
    </form>
  );
}
