import {
  Accordion,
  Button,
  Code,
  CopyButton,
  Group,
  Loader,
  Stack,
  Text,
  Textarea,
  Title,
} from '@mantine/core';
import { IconCheck, IconCopy, IconFingerprint, IconRefresh } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, type FormEvent } from 'react';

import { answerPasskey, cancelPasskey, confirmPasskey } from '../api/endpoints';
import { PASSKEY_KEY, SESSION_KEY } from '../live/keys';
import { usePasskey, useSession } from '../live/queries';
import type { PasskeyCredential, PasskeyRequest } from '../api/types';
import { Notice } from '../ui/Notice';
import { useSeesAll } from '../auth/AuthProvider';
import { useText } from '../i18n/I18nProvider';
import { minutesAndSeconds, secondsLeft } from '../lib/time';
import { useNow, wallClock } from '../lib/useNow';
import { ActionError } from '../ui/ActionError';
import { parseAnswer, snippet } from './extension';
import pairing from './Pairing.module.css';
import { useExtension } from './useExtension';

// The clipboard API exists only on https and loopback.
const canCopy = () => typeof navigator.clipboard !== 'undefined';

function Copy({ value, label }: { value: string; label: string }) {
  const t = useText();
  if (!canCopy()) return null;
  return (
    <CopyButton value={value}>
      {({ copied, copy }) => (
        <Button
          variant="default"
          size="xs"
          onClick={copy}
          leftSection={copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}
        >
          {copied ? t.passkey.copied : label}
        </Button>
      )}
    </CopyButton>
  );
}

interface AnswerProps {
  request: PasskeyRequest;
  answer: ReturnType<typeof useAnswer>;
}

interface Answered {
  credential: PasskeyCredential;
  /** The challenge that the credential answers. */
  challenge: string;
}

function useAnswer() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ credential }: Answered) => answerPasskey(credential),
    onSettled: () => queries.invalidateQueries({ queryKey: PASSKEY_KEY }),
  });
}

/** Uses the extension, which forwards the request to WhatsApp's page. */
function WithExtension({ request, answer }: AnswerProps) {
  const t = useText();
  const { installed, ask } = useExtension();
  const asking = useMutation({
    mutationFn: ask,
    onSuccess: (credential, { challenge }) => answer.mutate({ credential, challenge }),
  });
  return (
    <Stack gap="sm" align="flex-start">
      <Text>{installed ? t.passkey.extensionText : t.passkey.extensionMissing}</Text>
      {installed && (
        <Button
          leftSection={<IconFingerprint size={18} aria-hidden />}
          loading={asking.isPending || answer.isPending}
          onClick={() => asking.mutate(request)}
        >
          {t.passkey.use}
        </Button>
      )}
      {asking.error && (
        <Notice color="red" title={t.passkey.extensionFailed} urgent>
          {asking.error.message}
        </Notice>
      )}
      {!installed && <Text c="dimmed">{t.passkey.extensionOrigin(`${window.location.origin}/*`)}</Text>}
    </Stack>
  );
}

/** The manual way: a line to paste into WhatsApp's console, and a field for its output. */
function ByHand({ request, answer }: AnswerProps) {
  const t = useText();
  const [pasted, setPasted] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const consoleLine = snippet(request);

  function submit(event: FormEvent) {
    event.preventDefault();
    const credential = parseAnswer(pasted);
    if (!credential) return setProblem(t.passkey.noAnswer);
    const { challenge } = request;
    answer.mutate({ credential, challenge }, { onSuccess: () => setPasted('') });
  }

  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm" align="flex-start">
        <ol>
          {t.passkey.handSteps.map((step) => (
            <li key={step}>{step}</li>
          ))}
        </ol>
        <Code block w="100%" data-testid="passkey-snippet" style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
          {consoleLine}
        </Code>
        <Copy value={consoleLine} label={t.passkey.copyLine} />
        <Textarea
          w="100%"
          label={t.passkey.paste}
          autosize
          minRows={3}
          maxRows={8}
          spellCheck={false}
          value={pasted}
          error={problem}
          onChange={(event) => {
            setPasted(event.currentTarget.value);
            setProblem(null);
          }}
        />
        <Button type="submit" loading={answer.isPending}>
          {t.passkey.send}
        </Button>
      </Stack>
    </form>
  );
}

function Confirm({ code, byHand }: { code: string; byHand: boolean }) {
  const t = useText();
  const confirm = useMutation({ mutationFn: confirmPasskey });
  return (
    <Stack gap="sm" align="flex-start">
      <div className={pairing.card} role="status" aria-live="polite">
        <Text size="sm" c="dimmed">
          {t.passkey.codeLabel}
        </Text>
        <output className={pairing.code} data-testid="verification-code">
          {code}
        </output>
        <Text size="sm" c="dimmed">
          {byHand ? t.passkey.codeCompare : t.passkey.codeItself}
        </Text>
      </div>
      {byHand && (
        <Button loading={confirm.isPending} onClick={() => confirm.mutate()}>
          {t.passkey.confirm}
        </Button>
      )}
      <ActionError error={confirm.error} />
    </Stack>
  );
}

/**
 * Explains the passkey that WhatsApp requires before linking, and offers two
 * ways to provide it.
 */
export function Passkey({ needsConfirmation }: { needsConfirmation: boolean }) {
  const t = useText();
  const seesAll = useSeesAll();
  const { data: passkey } = usePasskey(seesAll);
  const { data: session } = useSession();
  const unreadable = session?.cause === 'PASSKEY_UNREADABLE';
  const queries = useQueryClient();
  // The open section stays open while WhatsApp verifies, and through a new request.
  const [way, setWay] = useState<string | null>('here');
  const answer = useAnswer();
  const cancel = useMutation({
    mutationFn: cancelPasskey,
    onSuccess: () => queries.invalidateQueries({ queryKey: SESSION_KEY }),
  });
  // No event reports a further step, so each new status refetches the session.
  const status = passkey?.status;
  useEffect(() => {
    void queries.invalidateQueries({ queryKey: SESSION_KEY });
  }, [queries, status]);
  const request = passkey?.status === 'PASSKEY_REQUIRED' ? passkey.public_key : null;
  // WhatsApp sends a new challenge after a rejection.
  const wasRejected =
    request !== null && answer.isSuccess && request.challenge !== answer.variables.challenge;
  const now = useNow(wallClock, 1_000, passkey?.status === 'PASSKEY_REQUIRED');
  const secondsRemaining =
    passkey?.status === 'PASSKEY_REQUIRED' ? secondsLeft(Date.parse(passkey.expires_at), now) : null;

  return (
    <Stack gap="md" data-testid="passkey">
      <Title order={2} size="h3">
        {t.passkey.title}
      </Title>
      <Text>{t.passkey.what}</Text>
      <Text c="dimmed">{t.passkey.why}</Text>
      {!seesAll && <Text>{t.passkey.forAdmins}</Text>}
      {wasRejected && (
        <Notice color="yellow" icon={<IconRefresh aria-hidden />} title={t.passkey.refusedTitle} urgent>
          {t.passkey.refusedText}
        </Notice>
      )}
      {secondsRemaining !== null && (
        <Text size="sm" c="dimmed" role="timer" aria-live="off" data-testid="passkey-time">
          {t.passkey.timeLeft(minutesAndSeconds(secondsRemaining))}
        </Text>
      )}
      {seesAll && request && (
        <>
          <Accordion variant="separated" value={way} onChange={setWay} order={3}>
            <Accordion.Item value="here">
              <Accordion.Control>{t.passkey.hereTitle}</Accordion.Control>
              <Accordion.Panel>
                <WithExtension request={request} answer={answer} />
              </Accordion.Panel>
            </Accordion.Item>
            <Accordion.Item value="hand">
              <Accordion.Control>{t.passkey.handTitle}</Accordion.Control>
              <Accordion.Panel>
                <ByHand request={request} answer={answer} />
              </Accordion.Panel>
            </Accordion.Item>
            <Accordion.Item value="desktop">
              <Accordion.Control>{t.passkey.desktopTitle}</Accordion.Control>
              <Accordion.Panel>
                <Text mb="sm">{t.passkey.desktopText}</Text>
                <Code block>session-manager link</Code>
              </Accordion.Panel>
            </Accordion.Item>
          </Accordion>
          <ActionError error={answer.error} />
        </>
      )}
      {passkey?.status === 'PASSKEY_CONFIRM' && (
        <Confirm code={passkey.verification_code} byHand={needsConfirmation} />
      )}
      {unreadable && (
        <Notice color="red" title={t.passkey.desktopTitle} urgent>
          {t.causes.PASSKEY_UNREADABLE}
        </Notice>
      )}
      {seesAll && passkey?.status === 'NO_PASSKEY' && !unreadable && (
        <Group gap="sm" role="status">
          <Loader size="sm" aria-hidden />
          <Text>{answer.isSuccess ? t.passkey.waitingPhone : t.passkey.waitingPage}</Text>
        </Group>
      )}
      {seesAll && (
        <Group>
          <Button variant="default" loading={cancel.isPending} onClick={() => cancel.mutate()}>
            {t.passkey.cancel}
          </Button>
        </Group>
      )}
      <ActionError error={cancel.error} />
    </Stack>
  );
}
