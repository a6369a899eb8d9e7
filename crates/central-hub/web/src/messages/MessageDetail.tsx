import { Alert, Anchor, Button, Group, Stack, Text } from '@mantine/core';
import { Link } from 'wouter';

import { causeText } from '../i18n/lookup';
import { useText } from '../i18n/I18nProvider';
import { formatPhone } from '../lib/phone';
import { messageInChat } from '../lib/routes';
import { useCampaignName } from '../live/campaignName';
import { useFormatTime } from '../live/useFormatTime';
import { ActionError } from '../ui/ActionError';
import { Facts, type Fact } from '../ui/Facts';
import { History } from '../ui/History';
import { MessageState } from '../ui/MessageState';
import { ReasonField, useReason } from '../ui/Reason';
import { useDecide, useMessage, useRetry } from './api';
import type { Decision, Message } from './types';

interface Props {
  /** The message as listed; further details are fetched. */
  message: Message;
  onDone: () => void;
}

/** The details of a message, and the retry of a failed one. */
export function MessageDetail({ message, onDone }: Props) {
  const t = useText();
  const s = t.messages;
  const formatTime = useFormatTime();
  const { data, error } = useMessage(message.id);
  const now = data ?? message;
  const campaign = now['campañaId'];
  const campaignName = useCampaignName(campaign ?? null);
  const rows: Fact[] = [
    [s.facts.number, formatPhone(now.destinatario)],
    [s.facts.when, formatTime(now.fecha)],
    [s.facts.kind, s.ofKind(now.tipo)],
    ...(now.cliente_id ? ([[s.facts.business, now.cliente_id]] as Fact[]) : []),
    ...(campaign
      ? ([
          [
            s.facts.campaign,
            <Anchor key="campaign" component={Link} to={`/campanas/${campaign}`}>
              {campaignName ?? s.campaignNumber(campaign)}
            </Anchor>,
          ],
        ] as Fact[])
      : []),
    ...(now.error ? ([[s.facts.why, causeText(t, now.error)]] as Fact[]) : []),
  ];
  return (
    <Stack>
      <Group gap="sm">
        <MessageState estado={now.estado} />
        <Anchor component={Link} size="sm" to={messageInChat(now.destinatario, now.id)}>
          {s.conversation}
        </Anchor>
      </Group>
      {now.mensaje && (
        <Text
          p="sm"
          style={{ whiteSpace: 'pre-wrap', borderRadius: 8 }}
          bg="var(--mantine-color-gray-light)"
          data-testid="message-text"
        >
          {now.mensaje}
        </Text>
      )}
      <Facts rows={rows} />
      {now.message_id && (
        <details style={{ fontSize: 'var(--mantine-font-size-xs)' }}>
          <summary>{t.app.technical}</summary>
          {s.facts.id}: <span className="lm-mono">{now.message_id}</span>
        </details>
      )}
      <ActionError error={error} />
      <History title={s.history} steps={data?.historial} states={t.messageStates} />
      {now.sin_decidir_desde && <Decide id={now.id} onDone={onDone} />}
      {now.estado === 'fallido' && !campaign && <Retry id={now.id} onDone={onDone} />}
      {now.estado === 'fallido' && campaign && (
        <Text size="sm" c="dimmed">
          {s.retryInCampaign}
        </Text>
      )}
    </Stack>
  );
}

function Retry({ id, onDone }: { id: number; onDone: () => void }) {
  const t = useText();
  const s = t.messages;
  const reason = useReason();
  const retry = useRetry(id, onDone);
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        reason.submit((motivo) => retry.mutate(motivo));
      }}
    >
      <Stack gap="sm">
        <ReasonField hint={s.reasonHint} {...reason.field} />
        <ActionError error={retry.error} />
        <Group justify="flex-end">
          <Button type="submit" loading={retry.isPending}>
            {s.retry}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** The form to resolve an unknown outcome, after the user has checked the chat. */
function Decide({ id, onDone }: { id: number; onDone: () => void }) {
  const t = useText();
  const s = t.messages;
  const reason = useReason();
  const decide = useDecide(id, onDone);
  const choose = (resultado: Decision) =>
    reason.submit((motivo) => decide.mutate({ resultado, motivo }));
  return (
    <Alert color="yellow" data-testid="undecided">
      <Stack gap="sm">
        <Text size="sm">{s.undecided}</Text>
        <ReasonField hint={s.decideHint} {...reason.field} />
        <ActionError error={decide.error} />
        <Group>
          <Button loading={decide.isPending} onClick={() => choose('llego')}>
            {s.arrived}
          </Button>
          <Button variant="default" disabled={decide.isPending} onClick={() => choose('reintentar')}>
            {s.tryAgain}
          </Button>
          <Button variant="default" disabled={decide.isPending} onClick={() => choose('abandonar')}>
            {s.giveUp}
          </Button>
        </Group>
      </Stack>
    </Alert>
  );
}
