import { Button, Group, Stack, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';

import { useText } from '../i18n/I18nProvider';
import { checkPhone, formatPhone } from '../lib/phone';
import { ActionError } from '../ui/ActionError';
import { PhoneInput } from '../ui/PhoneInput';
import { useAction } from '../ui/useAction';
import { addOptOut, OPT_OUTS_KEY } from './api';

interface Props {
  onDone: (number: string) => void;
  onCancel: () => void;
}

/** The form that adds a number to the opt-out list. */
export function AddForm({ onDone, onCancel }: Props) {
  const t = useText();
  const s = t.optOuts;
  const [number, setNumber] = useState('');
  const [motivo, setMotivo] = useState('');
  const [tried, setTried] = useState(false);
  const checked = checkPhone(number);
  const add = useAction(OPT_OUTS_KEY, addOptOut, ({ telefono }) => onDone(formatPhone(telefono)));

  function submit(event: FormEvent) {
    event.preventDefault();
    setTried(true);
    if (checked.ok) add.mutate({ telefono: checked.written, motivo: motivo.trim() });
  }
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <PhoneInput
          label={s.number}
          data-autofocus
          value={number}
          error={tried && !checked.ok && t.phone[checked.problem]}
          onChange={(event) => setNumber(event.currentTarget.value)}
        />
        <TextInput
          label={s.reason}
          description={s.reasonHint}
          maxLength={500}
          value={motivo}
          onChange={(event) => setMotivo(event.currentTarget.value)}
        />
        <ActionError error={add.error} />
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onCancel}>
            {t.app.cancel}
          </Button>
          <Button type="submit" loading={add.isPending}>
            {s.addSubmit}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
