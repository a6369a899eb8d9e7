import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useEffect, useState } from 'react';

import { Notice } from './Notice';
import { useText } from '../i18n/I18nProvider';
import { errorText } from '../i18n/lookup';

export interface ConfirmDialogProps {
  opened: boolean;
  title: string;
  text: string;
  confirm: string;
  danger?: boolean;
  pending: boolean;
  error: Error | null;
  onConfirm: () => void;
  onClose: () => void;
}

/** The dialog of `ConfirmDialog`, which loads it. */
export default function ConfirmDialogBox({
  opened,
  title,
  text,
  confirm,
  danger = false,
  pending,
  error,
  onConfirm,
  onClose,
}: ConfirmDialogProps) {
  const t = useText();
  // Opens after the mount: the dialog returns the focus only to what had it before a change.
  const [shown, setShown] = useState(false);
  useEffect(() => setShown(opened), [opened]);
  return (
    <Modal.Root opened={shown} onClose={onClose} centered classNames={{ content: 'lm-surface' }}>
      <Modal.Overlay backgroundOpacity={0.5} />
      {/* No Modal.Header: it would be a second banner landmark. */}
      <Modal.Content>
        <Modal.Body p="lg">
          <Modal.Title fz="lg" fw={650} mb="sm" component="h2">
            {title}
          </Modal.Title>
          <Stack>
            <Text>{text}</Text>
            {error && (
              <Notice color="red" title={t.actions.failed} urgent>
                {errorText(t, error)}
              </Notice>
            )}
            <Group justify="flex-end" gap="sm">
              <Button variant="default" onClick={onClose} data-autofocus>
                {t.app.cancel}
              </Button>
              <Button {...(danger ? { color: 'red.9' } : {})} loading={pending} onClick={onConfirm}>
                {confirm}
              </Button>
            </Group>
          </Stack>
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
