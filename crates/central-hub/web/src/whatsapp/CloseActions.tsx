import { Button, Group } from '@mantine/core';
import { IconPlugConnectedX, IconUnlink } from '@tabler/icons-react';
import { useState } from 'react';

import { useSeesAll } from '../auth/AuthProvider';
import { useText } from '../i18n/I18nProvider';
import { ConfirmDialog } from '../ui/ConfirmDialog';
import type { SessionActions } from './useSessionActions';

type Question = 'disconnect' | 'unlink' | 'cancel';

interface Props {
  actions: SessionActions;
  /** The actions that apply now. */
  offer: readonly Question[];
  justify?: 'center' | 'flex-start';
}

/** The actions disconnect, unlink and cancel linking, each with a confirmation. */
export function CloseActions({ actions, offer, justify = 'flex-start' }: Props) {
  const t = useText();
  const seesAll = useSeesAll();
  const [asking, setAsking] = useState<Question | null>(null);
  // Kept after closing, so that the dialog's text stays while it fades out.
  const [shown, setShown] = useState<Question>('disconnect');

  const texts = {
    disconnect: {
      title: t.actions.disconnectTitle,
      text: t.actions.disconnectText,
      confirm: t.actions.disconnect,
    },
    unlink: { title: t.actions.unlinkTitle, text: t.actions.unlinkText, confirm: t.actions.unlink },
    cancel: { title: t.actions.cancelTitle, text: t.actions.cancelText, confirm: t.scan.cancel },
  }[shown];
  const action = shown === 'unlink' ? actions.unlink : actions.disconnect;

  function ask(question: Question) {
    (question === 'unlink' ? actions.unlink : actions.disconnect).reset();
    setShown(question);
    setAsking(question);
  }

  // All businesses share the session, so a user of a single business cannot end it.
  if (!seesAll) return null;
  return (
    <>
      <Group gap="sm" justify={justify}>
        {offer.includes('disconnect') && (
          <Button
            variant="default"
            leftSection={<IconPlugConnectedX size={18} aria-hidden />}
            onClick={() => ask('disconnect')}
          >
            {t.actions.disconnect}
          </Button>
        )}
        {offer.includes('unlink') && (
          <Button
            variant="light"
            color="red"
            leftSection={<IconUnlink size={18} aria-hidden />}
            onClick={() => ask('unlink')}
          >
            {t.actions.unlink}
          </Button>
        )}
        {offer.includes('cancel') && (
          <Button variant="default" onClick={() => ask('cancel')}>
            {t.scan.cancel}
          </Button>
        )}
      </Group>
      <ConfirmDialog
        opened={asking !== null}
        {...texts}
        danger={shown === 'unlink'}
        pending={action.isPending}
        error={action.error}
        onClose={() => setAsking(null)}
        onConfirm={() => action.mutate(undefined, { onSuccess: () => setAsking(null) })}
      />
    </>
  );
}
