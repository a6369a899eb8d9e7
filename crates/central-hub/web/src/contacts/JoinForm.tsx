import { Button, Group, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useState, type FormEvent } from 'react';

import { useText } from '../i18n/I18nProvider';
import { ConfirmDialog } from '../ui/ConfirmDialog';
import { toast } from '../ui/toast';
import { useAction } from '../ui/useAction';
import { CONTACTS_KEY, idOf, joinContacts, whoOf } from '../people/api';
import type { ContactDetails } from '../people/types';

/** The form that joins two contacts who are the same person. */
export function JoinForm({ contact }: { contact: ContactDetails }) {
  const t = useText();
  const s = t.contacts.detail;
  const [other, setOther] = useState('');
  const [tried, setTried] = useState(false);
  const [asking, dialog] = useDisclosure(false);
  const empty = other.trim() === '';
  const join = useAction(
    CONTACTS_KEY,
    () => joinContacts(idOf(contact), other.trim()),
    () => {
      dialog.close();
      setOther('');
      setTried(false);
      toast({ text: s.joined });
    },
  );
  function submit(event: FormEvent) {
    event.preventDefault();
    setTried(true);
    if (empty) return;
    join.reset();
    dialog.open();
  }
  return (
    <form onSubmit={submit} noValidate aria-label={s.join}>
      <Group align="flex-end" gap="sm">
        <TextInput
          label={s.joinWith}
          style={{ flex: 1, minWidth: 200 }}
          value={other}
          error={tried && empty && t.phone.empty}
          onChange={(event) => setOther(event.currentTarget.value)}
        />
        <Button type="submit" variant="default">
          {s.joinSubmit}
        </Button>
      </Group>
      <ConfirmDialog
        opened={asking}
        title={s.joinTitle(whoOf(contact), other.trim())}
        text={s.joinText}
        confirm={s.joinSubmit}
        pending={join.isPending}
        error={join.error}
        onConfirm={() => join.mutate()}
        onClose={dialog.close}
      />
    </form>
  );
}
