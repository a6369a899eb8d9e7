import { Badge, Button, Group, Text, TextInput } from '@mantine/core';
import { useDebouncedValue, useDisclosure } from '@mantine/hooks';
import { IconAddressBook, IconDownload, IconSearch, IconX } from '@tabler/icons-react';
import { useState } from 'react';

import { useText } from '../i18n/I18nProvider';
import { numberOf } from '../lib/phone';
import { useFormatTime } from '../live/useFormatTime';
import { DataTable, type Column } from '../ui/DataTable';
import { Dialog } from '../ui/Dialog';
import { Empty } from '../ui/Empty';
import { PagedList } from '../ui/PagedList';
import { Screen } from '../ui/Screen';
import { Surface } from '../ui/Surface';
import { usePages } from '../ui/pages';
import { CONTACTS_KEY, fileOf, getContacts, idOf, whoOf } from '../people/api';
import { ContactDetail } from './ContactDetail';
import type { Contact } from '../people/types';

/** The list of contacts: people with messages or with notes. */
export default function ContactsScreen() {
  const t = useText();
  const s = t.contacts;
  const formatTime = useFormatTime();
  const [typed, setTyped] = useState('');
  const [etiqueta, setEtiqueta] = useState('');
  const [buscar] = useDebouncedValue(typed.trim(), 300);
  const filter = { buscar, etiqueta };
  const [opened, dialog] = useDisclosure(false);
  const [openContact, setOpenContact] = useState<Contact | null>(null);
  const pages = usePages<Contact>({
    key: [...CONTACTS_KEY, 'list', filter],
    fetch: (cursor, signal) => getContacts(filter, cursor, signal),
    everyMs: 15_000,
  });
  const openDetail = (contact: Contact) => {
    setOpenContact(contact);
    dialog.open();
  };

  const columns: readonly Column<Contact>[] = [
    {
      key: 'who',
      label: s.columns.who,
      cell: (contact) => (
        <>
          <Group gap="xs">
            <Text size="sm" fw={600}>
              {whoOf(contact)}
            </Text>
            {contact.baja && (
              <Badge variant="light" color="red" tt="none">
                {s.optedOut}
              </Badge>
            )}
          </Group>
          {whoOf(contact) !== numberOf(contact) && (
            <Text size="xs" c="dimmed">
              {numberOf(contact)}
            </Text>
          )}
        </>
      ),
    },
    {
      key: 'tags',
      label: s.columns.tags,
      cell: ({ etiquetas }) => (
        <Group gap={4}>
          {etiquetas.map((tag) => (
            <Button
              key={tag}
              size="compact-xs"
              variant="light"
              aria-label={s.tagged(tag)}
              onClick={() => setEtiqueta(tag)}
            >
              {tag}
            </Button>
          ))}
        </Group>
      ),
    },
    {
      key: 'last',
      label: s.columns.last,
      cell: ({ ultimo }) =>
        ultimo ? (
          <div>
            <Text size="sm" lineClamp={1}>
              {ultimo.direccion === 'saliente' && `${s.you} `}
              {ultimo.mensaje}
            </Text>
            <Text size="xs" c="dimmed">
              {formatTime(ultimo.fecha)}
            </Text>
          </div>
        ) : (
          <Text size="sm" c="dimmed">
            {s.never}
          </Text>
        ),
    },
    {
      key: 'look',
      label: s.columns.actions,
      width: 80,
      cell: (contact) => (
        <Button
          size="compact-sm"
          variant="default"
          aria-label={s.openOf(whoOf(contact))}
          onClick={() => openDetail(contact)}
        >
          {s.open}
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
        <TextInput
          type="search"
          label={s.search}
          placeholder={s.searchHint}
          maxLength={200}
          leftSection={<IconSearch size={16} aria-hidden />}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        {etiqueta !== '' && (
          <Group gap="xs" mt="sm">
            <Text size="sm">{s.tagged(etiqueta)}</Text>
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<IconX size={14} aria-hidden />}
              onClick={() => setEtiqueta('')}
            >
              {s.clear}
            </Button>
          </Group>
        )}
      </Surface>
      <Surface>
        <PagedList
          pages={pages}
          empty={
            buscar === '' && etiqueta === '' ? (
              <Empty icon={IconAddressBook} title={s.emptyTitle} text={s.emptyText} />
            ) : (
              <Empty icon={IconSearch} title={s.nothingFound} />
            )
          }
        >
          {(items) => (
            <DataTable
              label={s.title}
              columns={columns}
              items={items}
              rowKey={({ chat }) => chat}
              onOpen={openDetail}
              bare={['last']}
              minWidth={640}
            />
          )}
        </PagedList>
      </Surface>
      <Dialog opened={opened} title={openContact ? whoOf(openContact) : s.title} size="lg" onClose={dialog.close}>
        {openContact && <ContactDetail key={openContact.chat} id={idOf(openContact)} onGone={dialog.close} />}
      </Dialog>
    </Screen>
  );
}
