import { Anchor, Badge, Button, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus, IconWebhook } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';

import { ScreenLoading } from '../ui/ScreenLoading';
import { useText } from '../i18n/I18nProvider';
import { ActionError } from '../ui/ActionError';
import { Card } from '../ui/Card';
import { DataTable, type Column } from '../ui/DataTable';
import { Dialog } from '../ui/Dialog';
import { Empty } from '../ui/Empty';
import { getWebhooks, WEBHOOKS_KEY } from './api';
import { Secret } from './Secret';
import type { Webhook } from './types';
import { WebhookForm } from './WebhookForm';

/** The state of a webhook: active, or disabled by the user or the hub. */
export function WebhookState({ webhook }: { webhook: Webhook }) {
  const s = useText().integrations;
  return (
    <Badge variant="light" tt="none" color={webhook.activo ? 'brand' : webhook.motivo ? 'red' : 'gray'}>
      {webhook.activo ? s.on : webhook.motivo === 'GONE' ? s.gone : s.off}
    </Badge>
  );
}

/** The list of webhooks; there are at most 32, so it has no pages. */
export function WebhookList() {
  const t = useText();
  const s = t.integrations;
  const [adding, dialog] = useDisclosure(false);
  const [secret, setSecret] = useState<string | null>(null);
  const { data, error } = useQuery({
    queryKey: [...WEBHOOKS_KEY, 'list'],
    queryFn: ({ signal }) => getWebhooks(signal),
    staleTime: 0,
  });
  const close = () => {
    dialog.close();
    setSecret(null);
  };
  const columns: readonly Column<Webhook>[] = [
    {
      key: 'url',
      label: s.address,
      cell: (webhook) => (
        <>
          <Anchor
            component={Link}
            size="sm"
            to={`/integraciones/${webhook.id}`}
            style={{ overflowWrap: 'anywhere' }}
          >
            {webhook.url}
          </Anchor>
          {webhook.descripcion && (
            <Text size="sm" c="dimmed">
              {webhook.descripcion}
            </Text>
          )}
        </>
      ),
    },
    {
      key: 'events',
      label: s.events,
      cell: ({ eventos, cliente_id }) => (
        <Text size="sm">
          {eventos.map((topic) => s.shortTopics[topic]).join(', ')}
          {cliente_id !== null && ` · ${t.users.business(cliente_id)}`}
        </Text>
      ),
    },
    { key: 'state', label: s.state, cell: (webhook) => <WebhookState webhook={webhook} /> },
  ];
  return (
    <Card
      title={s.webhooks}
      text={s.webhooksText}
      action={
        <Button leftSection={<IconPlus size={18} aria-hidden />} onClick={dialog.open}>
          {s.addWebhook}
        </Button>
      }
    >
        <ActionError error={error} />
        {!data && !error && <ScreenLoading />}
        {data?.length === 0 && (
          <Empty icon={IconWebhook} title={s.noWebhooks} text={s.noWebhooksText} />
        )}
        {data && data.length > 0 && (
          <DataTable label={s.webhooks} columns={columns} items={data} rowKey={({ id }) => id} />
        )}
      <Dialog
        opened={adding}
        title={secret === null ? s.addWebhook : s.secretTitle}
        kept={secret !== null}
        onClose={close}
      >
        {secret === null ? (
          <WebhookForm webhook={null} onDone={(made) => setSecret(made?.secreto ?? null)} onCancel={close} />
        ) : (
          <Secret
            label={s.secret}
            text={s.onceText}
            kept={s.kept}
            secret={secret}
            onClose={close}
          />
        )}
      </Dialog>
    </Card>
  );
}
