import { Group, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';

import { usePageTitle } from '../lib/usePageTitle';

interface Props {
  title: string;
  /** One sentence on what the screen is for. */
  lead?: ReactNode;
  /** What can be done here, at the right of the title. */
  actions?: ReactNode;
  /** On a phone the screen has no room for its title: it is read, not seen. */
  quiet?: boolean;
  children: ReactNode;
}

/** What every screen begins with: its title, in the browser's tab as well. */
export function Screen({ title, lead, actions, quiet = false, children }: Props) {
  usePageTitle(title);
  return (
    <Stack gap="sm">
      <Group
        justify="space-between"
        align="center"
        gap="sm"
        className={quiet ? 'lm-quiet-title' : ''}
      >
        <div style={{ minWidth: 0 }}>
          <Title order={1} size="h3" lh={1.25}>
            {title}
          </Title>
          {lead && (
            <Text c="dimmed" size="sm" component="div">
              {lead}
            </Text>
          )}
        </div>
        {actions && <Group gap="sm">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  );
}
