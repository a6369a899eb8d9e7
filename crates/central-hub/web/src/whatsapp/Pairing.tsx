import { Button, CopyButton, Stack, Text } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';

import { understandPhone } from '../api/endpoints';
import { usePairingCode } from '../live/queries';
import { useText } from '../i18n/I18nProvider';
import { phoneFault } from '../i18n/lookup';
import { checkPhone, formatPhone } from '../lib/phone';
import { minutesAndSeconds, secondsLeft } from '../lib/time';
import { useNow, wallClock } from '../lib/useNow';
import { ActionError } from '../ui/ActionError';
import { PhoneInput } from '../ui/PhoneInput';
import classes from './Pairing.module.css';
import { Steps } from './Steps';

// The clipboard API exists only on https and loopback.
const canCopy = () => typeof navigator.clipboard !== 'undefined';

/** Linking by number: the user requests a code here and enters it on the phone. */
export function Pairing() {
  const t = useText();
  const [input, setInput] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const [requestedNumber, setRequestedNumber] = useState<string | null>(null);
  const code = usePairingCode(requestedNumber);
  const expiresAt = code.data?.expires_at;
  const now = useNow(wallClock, 1_000, expiresAt !== undefined);
  const left = expiresAt === undefined ? null : secondsLeft(Date.parse(expiresAt), now);

  const understanding = useMutation({
    mutationFn: (written: string) => understandPhone(written),
    onSuccess: (phone) => {
      if (!phone.ok) setProblem(phoneFault(t, phone));
      else if (phone.numero === requestedNumber) void code.refetch();
      else setRequestedNumber(phone.numero);
    },
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    const phone = checkPhone(input);
    if (phone.ok) understanding.mutate(phone.written);
    else setProblem(t.phone[phone.problem]);
  }

  return (
    <div className={classes.columns}>
      <form onSubmit={submit} noValidate>
        <Stack>
          <Text c="dimmed">{t.pairing.text}</Text>
          <PhoneInput
            label={t.pairing.phone}
            description={t.pairing.phoneHint}
            value={input}
            error={problem}
            onChange={(event) => {
              setInput(event.currentTarget.value);
              setProblem(null);
            }}
          />
          <Button
            type="submit"
            loading={
              understanding.isPending || (requestedNumber !== null && code.isPending && code.isFetching)
            }
            variant={code.data ? 'light' : 'filled'}
            style={{ alignSelf: 'start' }}
          >
            {code.data ? t.pairing.another : t.pairing.request}
          </Button>
          <ActionError error={understanding.error ?? code.error} />
          <div role="status" aria-live="polite">
            {code.data && (
              <div className={classes.card}>
                <Text size="sm" c="dimmed">
                  {t.pairing.codeLabel}
                </Text>
                <output className={classes.code} data-testid="pairing-code">
                  {code.data.code}
                </output>
                <Text size="sm" c="dimmed">
                  {t.pairing.codeFor(formatPhone(requestedNumber ?? ''))}
                </Text>
                {left !== null && (
                  <Text size="sm" c="dimmed" role="timer" aria-live="off" data-testid="pairing-time">
                    {left > 0 ? t.pairing.renewsIn(minutesAndSeconds(left)) : t.pairing.renewing}
                  </Text>
                )}
                {canCopy() && (
                  <CopyButton value={code.data.code}>
                    {({ copied, copy }) => (
                      <Button
                        variant="default"
                        size="xs"
                        mt="xs"
                        onClick={copy}
                        leftSection={
                          copied ? (
                            <IconCheck size={16} aria-hidden />
                          ) : (
                            <IconCopy size={16} aria-hidden />
                          )
                        }
                      >
                        {copied ? t.pairing.copied : t.pairing.copy}
                      </Button>
                    )}
                  </CopyButton>
                )}
              </div>
            )}
          </div>
        </Stack>
      </form>
      <Steps title={t.pairing.stepsTitle} steps={t.pairing.steps} />
    </div>
  );
}
