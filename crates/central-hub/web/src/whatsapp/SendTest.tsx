import { Button, Group, Stack, Text, Textarea, Title } from '@mantine/core';
import { IconSend } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useRef, useState, type FormEvent } from 'react';

import { send, understandPhone } from '../api/endpoints';
import { useText } from '../i18n/I18nProvider';
import { newKey } from '../lib/key';
import { phoneFault } from '../i18n/lookup';
import { checkPhone, formatPhone } from '../lib/phone';
import { outcomeIsUnknown } from '../api/outcome';
import { PhoneInput } from '../ui/PhoneInput';
import { SendOutcome } from './SendOutcome';

interface Attempt {
  to: string;
  message: string;
  key: string;
}

interface Props {
  dryRun: boolean;
  disabled: boolean;
  /** The account's own number, in digits. */
  own: string | null;
}

/** A form to send a test message. */
export function SendTest({ dryRun, disabled, own }: Props) {
  const t = useText();
  const [to, setTo] = useState('');
  const [written, setWritten] = useState<string | null>(null);
  const [problems, setProblems] = useState<{ to?: string; message?: string }>({});
  const result = useRef<HTMLDivElement>(null);
  const pending = useRef<Attempt | null>(null);
  const message = written ?? t.send.messageDefault;

  const attempt = useMutation({
    mutationFn: ({ key, ...body }: Attempt) => send(body, key),
    onSuccess: () => {
      pending.current = null;
    },
    // The result appears below the button, possibly outside the window.
    onSettled: () =>
      requestAnimationFrame(() => result.current?.scrollIntoView({ block: 'nearest' })),
    onError: (error) => {
      if (!outcomeIsUnknown(error)) pending.current = null;
    },
  });

  const understanding = useMutation({
    mutationFn: (written: string) => understandPhone(written),
    onSuccess: (phone) => {
      if (!phone.ok) setProblems({ to: phoneFault(t, phone) });
      else sendTo(phone.numero);
    },
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    const phone = checkPhone(to);
    const found = {
      ...(phone.ok ? {} : { to: t.phone[phone.problem] }),
      ...(message.trim() === '' ? { message: t.send.messageEmpty } : {}),
    };
    setProblems(found);
    if (!phone.ok || found.message) return;
    understanding.mutate(phone.written);
  }

  function sendTo(digits: string) {
    // A retry after an unknown outcome reuses the key, so that the service
    // recognizes the duplicate.
    const last = pending.current;
    const isRepeated = last && last.to === digits && last.message === message;
    const next = isRepeated ? last : { to: digits, message, key: newKey() };
    pending.current = next;
    attempt.mutate(next);
  }

  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="md">
        <div>
          <Title order={2} size="h4">
            {t.send.title}
          </Title>
          <Text c="dimmed" size="sm" mt={4}>
            {t.send.text}
          </Text>
        </div>
        <PhoneInput
          label={t.send.to}
          description={t.send.toHint}
          maw={360}
          value={to}
          error={problems.to}
          onChange={(event) => {
            setTo(event.currentTarget.value);
            setProblems(({ message: kept }) => (kept ? { message: kept } : {}));
          }}
        />
        {own !== null && (
          <Button
            size="compact-sm"
            variant="default"
            style={{ alignSelf: 'flex-start' }}
            onClick={() => {
              setTo(formatPhone(own));
              setProblems(({ message: kept }) => (kept ? { message: kept } : {}));
            }}
          >
            {t.send.ownNumber}
          </Button>
        )}
        <Textarea
          label={t.send.message}
          rows={3}
          value={message}
          error={problems.message}
          onChange={(event) => {
            setWritten(event.currentTarget.value);
            setProblems(({ to: kept }) => (kept ? { to: kept } : {}));
          }}
        />
        <Group>
          <Button
            type="submit"
            disabled={disabled}
            loading={attempt.isPending || understanding.isPending}
            leftSection={<IconSend size={18} aria-hidden />}
          >
            {dryRun ? t.send.submitDryRun : t.send.submit}
          </Button>
        </Group>
      </Stack>
      <div ref={result} style={{ scrollMarginBlock: 100 }}>
        <SendOutcome
          sent={attempt.data}
          to={attempt.variables?.to ?? ''}
          error={attempt.error ?? understanding.error}
        />
      </div>
    </form>
  );
}
