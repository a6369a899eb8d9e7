import { Anchor, Button, Group, Stack, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useState } from 'react';
import { Link } from 'wouter';

import { useAuth, useSeesAll } from '../auth/AuthProvider';
import { useText } from '../i18n/I18nProvider';
import { ROUTES } from '../lib/routes';
import { numberOf } from '../lib/phone';
import { useFormatTime } from '../live/useFormatTime';
import { ActionError } from '../ui/ActionError';
import { ConfirmDialog } from '../ui/ConfirmDialog';
import { Facts } from '../ui/Facts';
import { MessageState } from '../ui/MessageState';
import { ScreenLoading } from '../ui/ScreenLoading';
import { toast } from '../ui/toast';
import { useAction } from '../ui/useAction';
import { CONTACTS_KEY, forgetContact, idOf, partContact, useContact, whoOf } from '../people/api';
import { CardForm } from '../people/CardForm';
import { ContactCampaigns } from '../people/ContactCampaigns';
import { factsOf } from '../people/contactFacts';
import { JoinForm } from './JoinForm';
import type { Address, ContactDetails } from '../people/types';

/** The details of a contact, and the actions on them. */
export function ContactDetail({ id, onGone }: { id: string; onGone: () => void }) {
  const t = useText();
  const s = t.contacts.detail;
  const formatTime = useFormatTime();
  const { me } = useAuth();
  const seesAll = useSeesAll();
  const { data, error } = useContact(id);
  if (!data) return error ? <ActionError error={error} /> : <ScreenLoading />;
  return (
    <Stack>
      <Facts rows={factsOf(t, data, me, formatTime)} />
      <Anchor component={Link} size="sm" to={`${ROUTES.conversations}/${encodeURIComponent(id)}`}>
        {s.conversation}
      </Anchor>
      <CardForm contact={data} />
      {data.mensajes.length > 0 && (
        <section aria-label={s.messages}>
          <Title order={3} size="h5">
            {s.messages}
          </Title>
          <Stack gap={4} mt="xs" component="ul" style={{ listStyle: 'none', padding: 0, margin: 0 }}>
            {data.mensajes.map((message) => (
              <li key={message.id}>
                <Group gap="xs" wrap="nowrap" justify="space-between">
                  <Text size="sm" lineClamp={1}>
                    {message.direccion === 'saliente' && `${t.contacts.you} `}
                    {message.mensaje}
                  </Text>
                  <MessageState estado={message.estado} />
                </Group>
              </li>
            ))}
          </Stack>
        </section>
      )}
      <ContactCampaigns campaigns={data.campanias} level={3} />
      {data.negocios.length > 0 && (
        <section aria-label={s.others}>
          <Title order={3} size="h5">
            {s.others}
          </Title>
          <Facts
            rows={data.negocios.map((business) => [
              s.business(business.cliente_id),
              [business.nombre, business.etiquetas.join(', '), business.nota].filter(Boolean).join(' · '),
            ])}
          />
        </section>
      )}
      {seesAll && <Addresses contact={data} />}
      {seesAll && <JoinForm contact={data} />}
      <Forget contact={data} onGone={onGone} />
    </Stack>
  );
}

function Addresses({ contact }: { contact: ContactDetails }) {
  const s = useText().contacts.detail;
  const [asking, dialog] = useDisclosure(false);
  const [selectedAddress, setSelectedAddress] = useState<Address | null>(null);
  const part = useAction(
    CONTACTS_KEY,
    () => partContact(idOf(contact), selectedAddress?.direccion ?? ''),
    () => {
      dialog.close();
      if (selectedAddress) toast({ text: s.parted(nameOf(selectedAddress)) });
    },
  );
  const nameOf = (address: Address) => numberOf({ ...address, chat: address.direccion });
  const sourceOf = ({ fuente }: Address) =>
    (s.sources as Readonly<Record<string, string>>)[fuente] ?? fuente;
  const main = contact.telefono ?? contact.chat;
  if (contact.direcciones.length < 2) return null;
  return (
    <section aria-label={s.addresses}>
      <Title order={3} size="h5">
        {s.addresses}
      </Title>
      <Stack gap="xs" mt="xs">
        {contact.direcciones.map((address) => (
          <Group key={address.direccion} justify="space-between" wrap="nowrap" gap="sm">
            <Text size="sm" style={{ minWidth: 0, overflowWrap: 'anywhere' }}>
              {nameOf(address)}{' '}
              <Text span size="xs" c="dimmed">
                {sourceOf(address)}
              </Text>
            </Text>
            {(address.telefono ?? address.direccion) !== main && (
              <Button
                size="compact-sm"
                variant="default"
                aria-label={s.partOf(nameOf(address))}
                onClick={() => {
                  setSelectedAddress(address);
                  part.reset();
                  dialog.open();
                }}
              >
                {s.part}
              </Button>
            )}
          </Group>
        ))}
      </Stack>
      <ConfirmDialog
        opened={asking}
        title={s.partTitle(selectedAddress ? nameOf(selectedAddress) : '')}
        text={s.partText}
        confirm={s.part}
        pending={part.isPending}
        error={part.error}
        onConfirm={() => part.mutate()}
        onClose={dialog.close}
      />
    </section>
  );
}

function Forget({ contact, onGone }: { contact: ContactDetails; onGone: () => void }) {
  const s = useText().contacts.detail;
  const [asking, dialog] = useDisclosure(false);
  const who = whoOf(contact);
  const forget = useAction(
    CONTACTS_KEY,
    () => forgetContact(idOf(contact)),
    ({ sesion_pendiente }) => {
      dialog.close();
      onGone();
      toast({ text: sesion_pendiente ? s.forgottenLater(who) : s.forgotten(who) });
    },
  );
  return (
    <Group justify="flex-end">
      <Button variant="default" c="red.9" onClick={dialog.open}>
        {s.forget}
      </Button>
      <ConfirmDialog
        opened={asking}
        title={s.forgetTitle(who)}
        text={s.forgetText}
        confirm={s.forget}
        danger
        pending={forget.isPending}
        error={forget.error}
        onConfirm={() => forget.mutate()}
        onClose={dialog.close}
      />
    </Group>
  );
}
