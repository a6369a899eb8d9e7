import { Button, Group, Stack, TagsInput, Textarea, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';

import { useText } from '../i18n/I18nProvider';
import { ActionError } from '../ui/ActionError';
import { toast } from '../ui/toast';
import { useAction } from '../ui/useAction';
import { changeContact, CONTACTS_KEY, idOf } from './api';
import type { ContactDetails } from './types';

/** The form for a contact's name, tags and note. */
export function CardForm({ contact }: { contact: ContactDetails }) {
  const { nombre, etiquetas, nota } = contact;
  // The key resets the form when the contact was changed elsewhere.
  return <Fields key={`${nombre}\n${etiquetas.join('\n')}\n${nota}`} contact={contact} />;
}

function Fields({ contact }: { contact: ContactDetails }) {
  const s = useText().contacts.detail;
  const [nombre, setNombre] = useState(contact.nombre ?? '');
  const [etiquetas, setEtiquetas] = useState(contact.etiquetas);
  const [nota, setNota] = useState(contact.nota ?? '');
  const save = useAction(
    CONTACTS_KEY,
    () => changeContact(idOf(contact), { nombre: nombre.trim(), etiquetas, nota: nota.trim() }),
    () => toast({ text: s.saved }),
  );
  function submit(event: FormEvent) {
    event.preventDefault();
    save.mutate();
  }
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm">
        <TextInput
          label={s.name}
          description={s.nameHint}
          maxLength={200}
          value={nombre}
          onChange={(event) => setNombre(event.currentTarget.value)}
        />
        <TagsInput
          label={s.tags}
          description={s.tagsHint}
          maxTags={20}
          value={etiquetas}
          acceptValueOnBlur
          onChange={setEtiquetas}
        />
        <Textarea
          label={s.note}
          autosize
          minRows={2}
          maxRows={8}
          maxLength={4000}
          value={nota}
          onChange={(event) => setNota(event.currentTarget.value)}
        />
        <ActionError error={save.error} />
        <Group justify="flex-end">
          <Button type="submit" loading={save.isPending}>
            {s.save}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
