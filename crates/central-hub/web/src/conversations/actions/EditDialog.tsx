import { Button, Group, Stack, Text, Textarea } from '@mantine/core';
import { useState } from 'react';

import { useText } from '../../i18n/I18nProvider';
import { ActionError } from '../../ui/ActionError';
import { Dialog } from '../../ui/Dialog';
import { toast } from '../../ui/toast';
import { useAction } from '../../ui/useAction';
import { CONVERSATIONS_KEY } from '../api';
import type { Message } from '../types';
import { editMessage } from './api';

/** Edits the text of a message. */
export function EditDialog({ message, onClose }: { message: Message; onClose: () => void }) {
  const t = useText();
  const m = t.messageActions;
  const [text, setText] = useState(message.mensaje);
  const change = useAction(
    CONVERSATIONS_KEY,
    () => editMessage(message.id, text.trim()),
    ({ dry_run: simulated }) => {
      toast({ text: simulated ? m.simulated : m.edited });
      onClose();
    },
  );
  const same = text.trim() === '' || text.trim() === message.mensaje.trim();
  return (
    <Dialog opened title={m.editTitle} onClose={onClose} kept={!same}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!same && !change.isPending) change.mutate();
        }}
      >
        <Stack>
          <Textarea
            label={m.text}
            autosize
            minRows={2}
            maxRows={10}
            data-autofocus
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <Text size="sm" c="dimmed">
            {m.editHint}
          </Text>
          <ActionError error={change.error} />
          <Group justify="flex-end" gap="sm">
            <Button variant="default" onClick={onClose}>
              {t.app.cancel}
            </Button>
            <Button type="submit" disabled={same} loading={change.isPending}>
              {m.save}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
