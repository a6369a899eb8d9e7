import { Button, Group, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';

import { needToasts } from './toastsNeeded';

interface Toast {
  text: string;
  /** The undo action and its label. */
  undo?: { label: string; act: () => void };
}

const SHOWN_MS = 5_000;
/** Duration of a toast with an undo action, which stays longer, in milliseconds. */
const UNDO_MS = 10_000;

/** Shows a short confirmation. */
export function toast({ text, undo }: Toast): void {
  needToasts();
  const id = notifications.show({
    withBorder: true,
    autoClose: undo ? UNDO_MS : SHOWN_MS,
    message: (
      <Group justify="space-between" gap="sm" wrap="nowrap">
        <Text size="sm">{text}</Text>
        {undo && (
          <Button
            size="compact-sm"
            variant="light"
            onClick={() => {
              notifications.hide(id);
              undo.act();
            }}
          >
            {undo.label}
          </Button>
        )}
      </Group>
    ),
  });
}
