import { Button, Group, Stack } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconMessagePlus } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { useNavigate } from 'react-router';

import { understandPhone } from '../api/endpoints';
import { useText } from '../i18n/I18nProvider';
import { phoneFault } from '../i18n/lookup';
import { checkPhone } from '../lib/phone';
import { conversationOf } from '../lib/routes';
import { ActionError } from '../ui/ActionError';
import { Dialog } from '../ui/Dialog';
import { PhoneInput } from '../ui/PhoneInput';

/** Opens a chat with a number that has none yet. */
export function NewConversation() {
  const t = useText();
  const c = t.conversations;
  const go = useNavigate();
  const [opened, dialog] = useDisclosure(false);
  const [number, setNumber] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const understanding = useMutation({
    mutationFn: (written: string) => understandPhone(written),
    onSuccess: (phone) => {
      if (!phone.ok) {
        setProblem(phoneFault(t, phone));
        return;
      }
      dialog.close();
      setNumber('');
      void go(conversationOf(phone.numero));
    },
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    const phone = checkPhone(number);
    if (phone.ok) understanding.mutate(phone.written);
    else setProblem(t.phone[phone.problem]);
  }
  return (
    <>
      <Button
        size="compact-sm"
        variant="default"
        leftSection={<IconMessagePlus size={18} aria-hidden />}
        onClick={dialog.open}
      >
        {c.begin}
      </Button>
      <Dialog opened={opened} title={c.begin} onClose={dialog.close}>
        <form onSubmit={submit} noValidate>
          <Stack>
            <PhoneInput
              label={c.beginNumber}
              description={c.beginHint}
              data-autofocus
              value={number}
              error={problem}
              onChange={(event) => {
                setNumber(event.currentTarget.value);
                setProblem(null);
              }}
            />
            <ActionError error={understanding.error} />
            <Group justify="flex-end" gap="sm">
              <Button variant="default" onClick={dialog.close}>
                {t.app.cancel}
              </Button>
              <Button type="submit" loading={understanding.isPending}>
                {c.beginSubmit}
              </Button>
            </Group>
          </Stack>
        </form>
      </Dialog>
    </>
  );
}
