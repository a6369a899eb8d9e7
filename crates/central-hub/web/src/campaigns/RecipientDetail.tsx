import { Button, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';

import { useText } from '../i18n/I18nProvider';
import { causeText } from '../i18n/lookup';
import { formatPhone } from '../lib/phone';
import { useFormatTime } from '../live/useFormatTime';
import { ActionError } from '../ui/ActionError';
import { Facts, type Fact } from '../ui/Facts';
import { History } from '../ui/History';
import { ReasonField, useReason } from '../ui/Reason';
import { RecipientBadge } from '../ui/RecipientBadge';
import { retryRecipients, useCampaignChange, useRecipient } from './api';
import type { Recipient } from './types';

interface Props {
  campaign: number;
  /** The recipient as listed; further details are fetched. */
  recipient: Recipient;
  onDone: () => void;
}

/** A recipient: message text, data and history. */
export function RecipientDetail({ campaign, recipient, onDone }: Props) {
  const t = useText();
  const formatTime = useFormatTime();
  const s = t.campaigns.recipients;
  const { data, error } = useRecipient(campaign, recipient.id);
  const [retrying, setRetrying] = useState(false);
  const now = data ?? recipient;
  if (retrying) return <RetryForm campaign={campaign} number={recipient.id} onDone={onDone} />;
  const rows: Fact[] = [
    [s.columns.line, s.line(now.linea)],
    [s.facts.number, formatPhone(now.destinatario)],
    ...Object.entries(now.datos).map(([name, value]): Fact => [name, value]),
    ...(now.previsto ? ([[s.facts.planned, formatTime(now.previsto)]] as Fact[]) : []),
    ...(now.causa ? ([[s.facts.why, causeText(t, now.causa)]] as Fact[]) : []),
  ];
  return (
    <Stack>
      <RecipientBadge estado={now.estado} />
      <Text
        p="sm"
        style={{ whiteSpace: 'pre-wrap', borderRadius: 8 }}
        bg="var(--mantine-color-gray-light)"
        data-testid="preview"
      >
        {now.texto}
      </Text>
      <Facts rows={rows} />
      <ActionError error={error} />
      <History title={s.history} steps={data?.historial} states={s.states} />
      {now.estado === 'fallido' && (
        <Group justify="flex-end">
          <Button onClick={() => setRetrying(true)}>{s.retry}</Button>
        </Group>
      )}
    </Stack>
  );
}

interface RetryProps {
  campaign: number;
  /** The recipient to retry; null for all failed recipients. */
  number: number | null;
  onDone: () => void;
}

/** The form for a retry. It requires a reason, which the hub stores. */
export function RetryForm({ campaign, number, onDone }: RetryProps) {
  const t = useText();
  const s = t.campaigns.recipients;
  const reason = useReason();
  const retry = useCampaignChange(
    (motivo: string) => retryRecipients(campaign, number, motivo),
    onDone,
  );
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        reason.submit(retry.mutate);
      }}
    >
      <Stack>
        <Text>{s.retryText}</Text>
        <ReasonField {...reason.field} />
        <ActionError error={retry.error} />
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onDone}>
            {t.app.cancel}
          </Button>
          <Button type="submit" loading={retry.isPending}>
            {s.retry}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
