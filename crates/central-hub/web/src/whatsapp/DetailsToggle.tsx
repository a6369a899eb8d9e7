import { Button, Paper } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconChevronDown } from '@tabler/icons-react';
import { useId } from 'react';

import type { SessionBody } from '../api/types';
import { useText } from '../i18n/I18nProvider';
import { Details } from './Details';

export function DetailsToggle({ session }: { session: SessionBody }) {
  const t = useText();
  const id = useId();
  const [opened, { toggle }] = useDisclosure(false);
  return (
    <div>
      <Button
        variant="subtle"
        color="gray"
        onClick={toggle}
        aria-expanded={opened}
        aria-controls={id}
        rightSection={
          <IconChevronDown
            size={18}
            style={{ rotate: opened ? '180deg' : '0deg', transition: 'rotate 150ms' }}
            aria-hidden
          />
        }
      >
        {t.details.title}
      </Button>
      <div id={id} hidden={!opened}>
        {opened && (
          <Paper withBorder p={{ base: 'md', sm: 'lg' }} mt="xs" className="lm-surface">
            <Details session={session} />
          </Paper>
        )}
      </div>
    </div>
  );
}
