import { Anchor, Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { Link, useLocation } from 'wouter';

import { understandPhone } from '../../api/endpoints';
import { useText } from '../../i18n/I18nProvider';
import { phoneFault } from '../../i18n/lookup';
import { checkPhone, formatPhone, numberOf } from '../../lib/phone';
import { conversationOf } from '../../lib/routes';
import { CONTACTS_KEY, getContacts, idOf, whoOf } from '../../people/api';
import { ActionError } from '../../ui/ActionError';
import { Avatar } from '../Avatar';
import classes from './Compose.module.css';

/** Minimum number of digits before the input is parsed as a number. */
const MIN_DIGITS = 6;
const MAX_CONTACTS = 6;

/** Selects the recipient of a new conversation: a typed number or a known contact. */
export default function NewConversation({ onDone }: { onDone: () => void }) {
  const t = useText();
  const n = t.conversations.begin;
  const [, go] = useLocation();
  const [typed, setTyped] = useState('');
  const [tried, setTried] = useState(false);
  const [settled] = useDebouncedValue(typed.trim(), 250);
  const checked = checkPhone(settled);
  const written = checked.ok && checked.written.length >= MIN_DIGITS ? checked.written : null;
  const phone = useQuery({
    queryKey: ['phone', written],
    queryFn: ({ signal }) => understandPhone(written ?? '', signal),
    enabled: written !== null,
    placeholderData: (before) => (written === null ? undefined : before),
  });
  const contacts = useQuery({
    queryKey: [...CONTACTS_KEY, 'begin', settled],
    queryFn: ({ signal }) => getContacts({ buscar: settled, etiqueta: '' }, null, signal),
    enabled: settled !== '',
    placeholderData: (before) => (settled === '' ? undefined : before),
  });
  const understood = written === null ? undefined : phone.data;
  const found = settled === '' ? [] : (contacts.data?.items ?? []).slice(0, MAX_CONTACTS);
  const isSettled = settled === typed.trim() && !phone.isFetching && !contacts.isFetching;
  const nobody = isSettled && settled !== '' && found.length === 0 && understood?.ok !== true;

  function submit(event: FormEvent) {
    event.preventDefault();
    setTried(true);
    if (!isSettled) return;
    const first = found[0];
    const to = understood?.ok ? understood.numero : first && idOf(first);
    if (to === undefined) return;
    go(conversationOf(to));
    onDone();
  }

  const problem =
    tried && typed.trim() === ''
      ? n.empty
      : understood?.ok === false
        ? phoneFault(t, understood)
        : null;
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm">
        <TextInput
          type="search"
          label={n.to}
          description={n.toHint}
          autoComplete="off"
          maxLength={200}
          data-autofocus
          leftSection={<IconSearch size={16} aria-hidden />}
          value={typed}
          error={problem}
          onChange={(event) => {
            setTyped(event.currentTarget.value);
            setTried(false);
          }}
        />
        <Text size="sm" role="status" data-testid="understood">
          {understood?.ok && n.willSend(formatPhone(understood.numero))}
          {nobody && !problem && n.nobody}
        </Text>
        <ActionError error={phone.error ?? contacts.error} />
        {found.length > 0 && (
          <ul className={classes.people} aria-label={n.contacts}>
            {found.map((contact) => (
              <li key={contact.id}>
                <Anchor
                  component={Link}
                  to={conversationOf(idOf(contact))}
                  underline="never"
                  c="var(--mantine-color-text)"
                  className={classes.person ?? ''}
                  onClick={onDone}
                >
                  <Avatar name={contact.nombre ?? contact.nombre_whatsapp} chat={idOf(contact)} />
                  <span className={classes.personWords}>
                    <Text span size="sm" fw={600} truncate display="block">
                      {whoOf(contact)}
                    </Text>
                    <Text span size="xs" c="dimmed" display="block">
                      {contact.baja ? t.conversations.optedOut : numberOf(contact)}
                    </Text>
                  </span>
                </Anchor>
              </li>
            ))}
          </ul>
        )}
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onDone}>
            {t.app.cancel}
          </Button>
          <Button type="submit" disabled={understood?.ok !== true && found.length === 0}>
            {n.open}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
