import { Textarea } from '@mantine/core';
import { useState } from 'react';

import { useText } from '../i18n/I18nProvider';

/** Manages the mandatory reason of a manual change, and whether it is missing. */
export function useReason() {
  const [typed, setTyped] = useState('');
  const [tried, setTried] = useState(false);
  const reason = typed.trim();
  return {
    field: { value: typed, onChange: setTyped, missing: tried && reason === '' },
    /** Calls `act` with the reason; without one, only marks the field as missing. */
    submit: (act: (reason: string) => void) => {
      setTried(true);
      if (reason !== '') act(reason);
    },
  };
}

interface Props {
  hint?: string;
  value: string;
  onChange: (value: string) => void;
  missing: boolean;
}

/** The field for a mandatory reason. */
export function ReasonField({ hint, value, onChange, missing }: Props) {
  const s = useText().messages;
  return (
    <Textarea
      label={s.reason}
      {...(hint === undefined ? {} : { description: hint })}
      required
      autosize
      minRows={2}
      maxLength={500}
      value={value}
      error={missing && s.reasonEmpty}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
