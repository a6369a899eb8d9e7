import { Button, Group, Modal, Stack, Text } from '@mantine/core';

import { Notice } from './Notice';
import { useText } from '../i18n/I18nProvider';
import { errorText } from '../i18n/lookup';

interface Props {
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

/** A confirmation dialog for an action that cannot be undone. */
export function ConfirmDialog({
  opened,
  title,
  text,
  confirm,
  danger = false,
  pending,
  error,
  onConfirm,
  onClose,
}: Props) {
  const t = useText();
  return (
    <Modal.Root opened={opened} onClose={onClose} centered classNames={{ content: 'lm-surface' }}>
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
