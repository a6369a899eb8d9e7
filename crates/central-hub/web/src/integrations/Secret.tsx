import { Button, Code, CopyButton, Group, Stack, Text } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';

import { useText } from '../i18n/I18nProvider';

interface Props {
  label: string;
  secret: string;
  text: string;
  /** Label of the button that closes the dialog. */
  kept: string;
  onClose: () => void;
}

/** A secret that is displayed only once. */
export function Secret({ label, text, kept, secret, onClose }: Props) {
  const s = useText().integrations;
  return (
    <Stack>
      <Text>{text}</Text>
      <div>
        <Text size="sm" fw={600}>
          {label}
        </Text>
        <Code block data-testid="secret" style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
          {secret}
        </Code>
      </div>
      <Group justify="flex-end">
        <CopyButton value={secret}>
          {({ copied, copy }) => (
            <Button
              variant="default"
              onClick={copy}
              leftSection={
                copied ? <IconCheck size={18} aria-hidden /> : <IconCopy size={18} aria-hidden />
              }
            >
              {copied ? s.copied : s.copy}
            </Button>
          )}
        </CopyButton>
        <Button onClick={onClose}>{kept}</Button>
      </Group>
    </Stack>
  );
}
