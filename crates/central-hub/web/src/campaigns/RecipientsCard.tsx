import { Button, Group, Select, Text, TextInput, Title } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconSearch, IconUsers } from '@tabler/icons-react';
import { useState } from 'react';

import { useText } from '../i18n/I18nProvider';
import { formatPhone } from '../lib/phone';
import { DataTable, type Column } from '../ui/DataTable';
import { Dialog } from '../ui/Dialog';
import { Empty } from '../ui/Empty';
import { PagedList } from '../ui/PagedList';
import { RecipientBadge } from '../ui/RecipientBadge';
import { Surface } from '../ui/Surface';
import { usePages } from '../ui/pages';
import { campaignKey, getRecipients } from './api';
import { RecipientDetail, RetryForm } from './RecipientDetail';
import { RECIPIENT_STATES, type Campaign, type Recipient, type RecipientState } from './types';

type DialogContent = { what: 'one'; recipient: Recipient } | { what: 'retry' };

/** The recipients of a campaign, each with its message text. */
export function RecipientsCard({ campaign }: { campaign: Campaign }) {
  const t = useText();
  const s = t.campaigns.recipients;
  const [estado, setEstado] = useState<RecipientState | null>(null);
  const [typed, setTyped] = useState('');
  const [buscar] = useDebouncedValue(typed.trim(), 300);
  const isNarrowed = estado !== null || buscar !== '';
  const [opened, setOpened] = useState(false);
  const [content, setContent] = useState<DialogContent>({ what: 'retry' });
  const pages = usePages<Recipient>({
    key: [...campaignKey(campaign.id), 'recipients', { estado, buscar }],
    fetch: (cursor, signal) => getRecipients(campaign.id, { estado, buscar }, cursor, signal),
  });
  const open = (next: DialogContent) => {
    setContent(next);
    setOpened(true);
  };
  const close = () => setOpened(false);

  const columns: readonly Column<Recipient>[] = [
    { key: 'line', label: s.columns.line, width: 80, cell: ({ linea }) => linea },
    {
      key: 'who',
      label: s.columns.who,
      width: 220,
      cell: (recipient) => (
        <>
          <Text size="sm">{recipient.nombre ?? formatPhone(recipient.destinatario)}</Text>
          {recipient.nombre && (
            <Text size="xs" c="dimmed">
              {formatPhone(recipient.destinatario)}
            </Text>
          )}
        </>
      ),
    },
    // A draft may have recipients before it has a text.
    ...(campaign.mensaje === ''
      ? []
      : [
          {
            key: 'text',
            label: s.columns.text,
            cell: ({ texto }: Recipient) => (
              <Text size="sm" lineClamp={2}>
                {texto}
              </Text>
            ),
          },
        ]),
    {
      key: 'state',
      label: s.columns.state,
      width: 130,
      cell: (recipient) => <RecipientBadge estado={recipient.estado} />,
    },
    {
      key: 'look',
      label: s.columns.actions,
      width: 90,
      cell: (recipient) => (
        <Button
          size="compact-sm"
          variant="default"
          aria-label={s.lookAt(recipient.linea)}
          onClick={() => open({ what: 'one', recipient })}
        >
          {s.look}
        </Button>
      ),
    },
  ];

  return (
    <Surface data-testid="recipients-card">
      <Group justify="space-between" gap="sm" mb="sm">
        <Title order={2} size="h4">
          {s.title}
        </Title>
        <Group gap="sm">
          {campaign.fallidos > 0 && (
            <Button size="sm" variant="default" onClick={() => open({ what: 'retry' })}>
              {s.retryAll(campaign.fallidos, campaign.fallidos.toLocaleString(t.locale))}
            </Button>
          )}
          <TextInput
            type="search"
            aria-label={s.search}
            placeholder={s.search}
            maxLength={200}
            leftSection={<IconSearch size={16} aria-hidden />}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
          <Select
            aria-label={s.filterState}
            w={190}
            allowDeselect={false}
            value={estado ?? ''}
            onChange={(next) => setEstado(RECIPIENT_STATES.find((state) => state === next) ?? null)}
            data={[
              { value: '', label: s.allStates },
              ...RECIPIENT_STATES.map((state) => ({ value: state, label: s.states[state] })),
            ]}
          />
        </Group>
      </Group>
      <PagedList
        pages={pages}
        empty={
          <Empty
            icon={IconUsers}
            title={isNarrowed ? s.nothingFound : s.emptyTitle}
            {...(isNarrowed ? {} : { text: s.emptyText })}
          />
        }
      >
        {(items) => (
          <DataTable
            label={s.title}
            columns={columns}
            items={items}
            rowKey={({ id }) => id}
            onOpen={(recipient) => open({ what: 'one', recipient })}
            minWidth={720}
          />
        )}
      </PagedList>
      <Dialog
        opened={opened}
        title={content.what === 'one' ? content.recipient.nombre ?? formatPhone(content.recipient.destinatario) : s.retryTitle}
        size="lg"
        onClose={close}
      >
        {content.what === 'one' ? (
          <RecipientDetail campaign={campaign.id} recipient={content.recipient} onDone={close} />
        ) : (
          <RetryForm campaign={campaign.id} number={null} onDone={close} />
        )}
      </Dialog>
    </Surface>
  );
}
