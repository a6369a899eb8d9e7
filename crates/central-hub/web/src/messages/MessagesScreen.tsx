import { Button, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconDownload, IconMessages, IconSearch } from '@tabler/icons-react';
import { useState } from 'react';
import { useSearchParams } from 'wouter';

import { useText } from '../i18n/I18nProvider';
import { formatPhone } from '../lib/phone';
import { plainText } from '../lib/richText';
import { useFormatTime } from '../live/useFormatTime';
import { DataTable, type Column } from '../ui/DataTable';
import { Dialog } from '../ui/Dialog';
import { Empty } from '../ui/Empty';
import { Marked } from '../ui/Marked';
import { MessageState } from '../ui/MessageState';
import { PagedList } from '../ui/PagedList';
import { Screen } from '../ui/Screen';
import { Surface } from '../ui/Surface';
import { usePages } from '../ui/pages';
import { fileOf, getMessages, MESSAGES_KEY } from './api';
import { FilterForm } from './FilterForm';
import { filterOf, isNarrowed, searchOf } from './filter';
import { MessageDetail } from './MessageDetail';
import type { Message } from './types';

/** The list of messages, newest first. The URL stores the filter. */
export default function MessagesScreen() {
  const t = useText();
  const s = t.messages;
  const formatTime = useFormatTime();
  const [search, setSearch] = useSearchParams();
  const [opened, dialog] = useDisclosure(false);
  const [openMessage, setOpenMessage] = useState<Message | null>(null);
  const filter = filterOf(search, t.messageStates);
  const pages = usePages<Message>({
    key: [...MESSAGES_KEY, 'list', filter],
    fetch: (cursor, signal) => getMessages(filter, cursor, signal),
    everyMs: 15_000,
  });

  const openDetail = (message: Message) => {
    setOpenMessage(message);
    dialog.open();
  };
  const columns: readonly Column<Message>[] = [
    {
      key: 'when',
      label: s.columns.when,
      width: 165,
      cell: ({ fecha }) => <Text size="sm">{formatTime(fecha)}</Text>,
    },
    {
      key: 'who',
      label: s.columns.who,
      width: 180,
      cell: ({ nombre, destinatario }) => (
        <>
          <Text size="sm">{nombre ?? formatPhone(destinatario)}</Text>
          {nombre !== undefined && (
            <Text size="xs" c="dimmed">
              {formatPhone(destinatario)}
            </Text>
          )}
        </>
      ),
    },
    {
      key: 'text',
      label: s.columns.text,
      cell: ({ mensaje, tipo }) => (
        <Text size="sm" lineClamp={2}>
          {mensaje ? <Marked text={plainText(mensaje)} search={filter.buscar} /> : s.ofKind(tipo)}
        </Text>
      ),
    },
    {
      key: 'state',
      label: s.columns.state,
      width: 130,
      cell: ({ estado }) => <MessageState estado={estado} />,
    },
    {
      key: 'look',
      label: s.columns.actions,
      width: 80,
      cell: (message) => (
        <Button
          size="compact-sm"
          variant="default"
          aria-label={s.lookAt(message.nombre ?? formatPhone(message.destinatario))}
          onClick={() => openDetail(message)}
        >
          {s.look}
        </Button>
      ),
    },
  ];

  return (
    <Screen
      title={s.title}
      lead={s.lead}
      actions={
        <Button
          component="a"
          href={fileOf(filter)}
          download
          variant="default"
          leftSection={<IconDownload size={18} aria-hidden />}
        >
          {s.download}
        </Button>
      }
    >
      <Surface>
        <FilterForm
          key={searchOf(filter).toString()}
          filter={filter}
          onFilter={(next) => setSearch(searchOf(next))}
        />
      </Surface>
      <Surface>
        <PagedList
          pages={pages}
          empty={
            isNarrowed(filter) ? (
              <Empty icon={IconSearch} title={s.nothingFound} />
            ) : (
              <Empty icon={IconMessages} title={s.emptyTitle} text={s.emptyText} />
            )
          }
        >
          {(items) => (
            <DataTable
              label={s.title}
              columns={columns}
              items={items}
              rowKey={({ id }) => id}
              onOpen={openDetail}
              minWidth={760}
            />
          )}
        </PagedList>
      </Surface>
      <Dialog
        opened={opened}
        title={openMessage?.nombre ?? s.detail}
        size="lg"
        onClose={dialog.close}
      >
        {openMessage && <MessageDetail key={openMessage.id} message={openMessage} onDone={dialog.close} />}
      </Dialog>
    </Screen>
  );
}
