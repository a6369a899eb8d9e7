import { Anchor, Group, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';

import { ApiError } from '../api/http';
import { NotFound } from '../ui/NotFound';
import { ScreenLoading } from '../ui/ScreenLoading';
import { useText } from '../i18n/I18nProvider';
import { usePathParam } from '../lib/usePathParam';
import { useFormatTime } from '../live/useFormatTime';
import { ActionError } from '../ui/ActionError';
import { Facts, type Fact } from '../ui/Facts';
import { Screen } from '../ui/Screen';
import { Surface } from '../ui/Surface';
import { getWebhook, WEBHOOKS_KEY } from './api';
import { Deliveries } from './Deliveries';
import { WebhookActions } from './WebhookActions';
import { WebhookState } from './WebhookList';

/** A webhook: subscription, deliveries, actions. */
export default function WebhookScreen() {
  const id = Number(usePathParam('id'));
  if (!Number.isSafeInteger(id) || id < 1) return <NotFound />;
  return <Known key={id} id={id} />;
}

function Known({ id }: { id: number }) {
  const t = useText();
  const s = t.integrations;
  const formatTime = useFormatTime();
  const { data: webhook, error } = useQuery({
    queryKey: [...WEBHOOKS_KEY, id],
    queryFn: ({ signal }) => getWebhook(id, signal),
    staleTime: 0,
    // The hub disables the webhook if its receiver responds 410.
    refetchInterval: 5_000,
  });
  if (error instanceof ApiError && error.status === 404) return <NotFound />;
  if (!webhook) {
    return (
      <Screen title={s.one}>{error ? <ActionError error={error} /> : <ScreenLoading />}</Screen>
    );
  }
  const facts: Fact[] = [
    [s.address, webhook.url],
    [s.events, webhook.eventos.map((topic) => s.shortTopics[topic]).join(', ')],
    [
      s.of,
      webhook.cliente_id === null ? s.ofAll : t.users.business(webhook.cliente_id),
    ],
    ...(webhook.secreto_anterior_hasta
      ? ([[s.oldSecret, s.oldSecretUntil(formatTime(webhook.secreto_anterior_hasta))]] as Fact[])
      : []),
    [s.made, formatTime(webhook.creado)],
  ];
  return (
    <Screen
      title={webhook.descripcion || s.one}
      lead={
        <Group gap="sm" mt={4}>
          <WebhookState webhook={webhook} />
          <Anchor component={Link} size="sm" to="/integraciones">
            {s.back}
          </Anchor>
        </Group>
      }
    >
      <Surface>
        {webhook.motivo === 'GONE' && (
          <Text size="sm" mb="sm">
            {s.goneText}
          </Text>
        )}
        <Facts rows={facts} />
        <WebhookActions webhook={webhook} />
      </Surface>
      <Deliveries webhook={id} />
    </Screen>
  );
}
