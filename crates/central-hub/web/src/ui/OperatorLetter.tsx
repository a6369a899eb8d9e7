import { Button, Code, CopyButton, Group, Stack, Text } from '@mantine/core';
import { IconCheck, IconCopy, IconMail } from '@tabler/icons-react';

import { useText } from '../i18n/I18nProvider';
import { Dialog } from './Dialog';

/** The values of the two environment variables that permit sending. */
const UNLOCKED = [
  ['DRY_RUN', 'false'],
  ['AUTO_CAMPAIGNS_ENABLED', 'true'],
] as const;

/** The dialog with the message, and ways to forward it. */
export default function OperatorLetter({ onClose }: { onClose: () => void }) {
  const t = useText();
  const o = t.operator;
  const letter = o.letter(
    UNLOCKED.map(([name, value]) => `${name}: '${value}',`).join('\n'),
    UNLOCKED.map(([name, value]) => `${name}=${value}`).join('\n'),
  );
  const mail = `mailto:?subject=${encodeURIComponent(o.subject)}&body=${encodeURIComponent(letter)}`;
  return (
    <Dialog opened title={o.title} size="lg" onClose={onClose}>
      <Stack>
        <Text>{o.text}</Text>
        <Code
          block
          data-testid="operator-letter"
          style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}
        >
          {letter}
        </Code>
        <Group justify="flex-end" gap="sm">
          <Button
            component="a"
            href={mail}
            variant="default"
            leftSection={<IconMail size={18} aria-hidden />}
          >
            {o.mail}
          </Button>
          <CopyButton value={letter}>
            {({ copied, copy }) => (
              <Button
                onClick={copy}
                leftSection={
                  copied ? <IconCheck size={18} aria-hidden /> : <IconCopy size={18} aria-hidden />
                }
              >
                {copied ? o.copied : o.copy}
              </Button>
            )}
          </CopyButton>
        </Group>
      </Stack>
    </Dialog>
  );
}
