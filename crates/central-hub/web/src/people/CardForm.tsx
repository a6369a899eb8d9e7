import { Button, Group, Stack, TagsInput, Textarea, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import type { FormEvent } from 'react';

import { useText } from '../i18n/I18nProvider';
import { chatStore, useSlot } from '../lib/chatStore';
import { ActionError } from '../ui/ActionError';
import { toast } from '../ui/toast';
import { useAction } from '../ui/useAction';
import { changeContact, contactKey, CONTACTS_KEY, idOf } from './api';
import type { ContactDetails } from './types';

/** What can be changed of a contact. */
interface Card {
  nombre: string;
  etiquetas: string[];
  nota: string;
}

const cardOf = ({ nombre, etiquetas, nota }: ContactDetails): Card => ({
  nombre: nombre ?? '',
  etiquetas,
  nota: nota ?? '',
});

/** Unsaved changes by contact, which wait there when the form is closed. */
const unsaved = chatStore<{ changes: Partial<Card> }>(() => ({ changes: {} }));

/** The form for a contact's name, tags and note. */
export function CardForm({ contact }: { contact: ContactDetails }) {
  const s = useText().contacts.detail;
  const queries = useQueryClient();
  const [slot, { changes }] = useSlot(unsaved, idOf(contact));
  // What is changed elsewhere meanwhile appears in the fields that are not being changed here.
  const card = { ...cardOf(contact), ...changes };
  const { nombre, etiquetas, nota } = card;
  const change = (part: Partial<Card>) => slot.set({ changes: { ...slot.get().changes, ...part } });
  const save = useAction(
    CONTACTS_KEY,
    async () => {
      // Only what was changed: somebody else may have changed the rest since it was read.
      const saved = await changeContact(idOf(contact), changes);
      queries.setQueryData(contactKey(idOf(contact)), saved);
      // What was typed while it was being saved stays.
      const now = slot.get().changes;
      if (now === changes) slot.clear();
    },
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
          onChange={(event) => change({ nombre: event.currentTarget.value })}
        />
        <TagsInput
          label={s.tags}
          description={s.tagsHint}
          maxTags={20}
          value={etiquetas}
          acceptValueOnBlur
          onChange={(tags) => change({ etiquetas: tags })}
        />
        <Textarea
          label={s.note}
          autosize
          minRows={2}
          maxRows={8}
          maxLength={4000}
          value={nota}
          onChange={(event) => change({ nota: event.currentTarget.value })}
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
