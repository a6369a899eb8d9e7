import { ActionIcon, Badge, Group, Stack, Text, Title } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useEffect, useRef } from 'react';

import { ApiError } from '../api/http';
import { useAuth } from '../auth/AuthProvider';
import { useLinks } from '../auth/links';
import { useText } from '../i18n/I18nProvider';
import { useFormatTime } from '../live/useFormatTime';
import { useContact } from '../people/api';
import { CardForm } from '../people/CardForm';
import { ContactCampaigns } from '../people/ContactCampaigns';
import { factsOf } from '../people/contactFacts';
import type { ContactDetails } from '../people/types';
import { ActionError } from '../ui/ActionError';
import { Facts } from '../ui/Facts';
import { ScreenLoading } from '../ui/ScreenLoading';
import { POLL_MS } from './api';
import classes from './Conversations.module.css';

/** An empty contact for an unknown number; saving a note creates the contact. */
const stranger = (number: string): ContactDetails => ({
  id: 0,
  telefono: /^\d+$/.test(number) ? number : null,
  chat: number,
  nombre: null,
  nombre_whatsapp: null,
  etiquetas: [],
  nota: null,
  baja: false,
  ultimo: null,
  mensajes: [],
  campanias: [],
  desde_baja: null,
  direcciones: [],
  negocios: [],
});

interface Props {
  number: string;
  who: string;
  /** Whether the user has just opened it. */
  takesFocus: boolean;
  onClose: () => void;
}

/** The contact's data and notes, beside the messages. */
export default function ContactPanel({ number, who, takesFocus, onClose }: Props) {
  const t = useText();
  const c = t.conversations.contact;
  const { data, error } = useContact(number, POLL_MS);
  const isUnknown = error instanceof ApiError && error.status === 404;
  const contact = data ?? (isUnknown ? stranger(number) : null);
  const close = useRef<HTMLButtonElement>(null);
  const wasOpened = useRef(takesFocus);
  useEffect(() => {
    if (wasOpened.current) close.current?.focus({ preventScroll: true });
  }, []);
  return (
    <aside
      id="contact-panel"
      className={classes.contact}
      aria-label={c.of(who)}
      onKeyDown={(event) => {
        // The first Esc only closes a field's open list.
        if (event.key === 'Escape' && !event.defaultPrevented) onClose();
      }}
    >
      <Group justify="space-between" wrap="nowrap" mb="sm">
        <Title order={3} size="h5">
          {c.title}
        </Title>
        <ActionIcon ref={close} variant="subtle" color="gray" size={36} aria-label={c.close} onClick={onClose}>
          <IconX size={18} aria-hidden />
        </ActionIcon>
      </Group>
      {!contact && (error ? <ActionError error={error} /> : <ScreenLoading />)}
      {contact && <ContactData contact={contact} />}
    </aside>
  );
}

function ContactData({ contact }: { contact: ContactDetails }) {
  const t = useText();
  const formatTime = useFormatTime();
  const { me } = useAuth();
  // Users who may only answer have read access.
  const mayNote = useLinks()('contacts') !== null;
  return (
    <Stack gap="md">
      {contact.baja && (
        <Badge variant="light" color="red" tt="none">
          {t.conversations.optedOut}
        </Badge>
      )}
      <Facts rows={factsOf(t, contact, me, formatTime)} />
      <ContactCampaigns campaigns={contact.campanias} level={4} />
      {mayNote ? (
        <CardForm contact={contact} />
      ) : (
        <Noted contact={contact} />
      )}
    </Stack>
  );
}

function Noted({ contact }: { contact: ContactDetails }) {
  const { detail: s } = useText().contacts;
  return (
    <>
      {contact.etiquetas.length > 0 && (
        <Group gap={6} component="ul" aria-label={s.tags} m={0} p={0} style={{ listStyle: 'none' }}>
          {contact.etiquetas.map((tag) => (
            <Badge key={tag} component="li" variant="default" tt="none">
              {tag}
            </Badge>
          ))}
        </Group>
      )}
      {contact.nota && (
        <Text size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
          {contact.nota}
        </Text>
      )}
    </>
  );
}
