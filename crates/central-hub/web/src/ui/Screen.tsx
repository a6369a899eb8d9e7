import { Group, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';

import { usePageTitle } from '../lib/usePageTitle';

interface Props {
  title: string;
  /** One sentence on the screen's purpose. */
  lead?: ReactNode;
  /** Actions at the right of the title. */
  actions?: ReactNode;
  /** Hides the title on a phone for lack of room, except for screen readers. */
  quiet?: boolean;
  children: ReactNode;
}

/** The frame of every screen: sets its title, also in the browser tab. */
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
        {/* Title and lead share a line if there is room, to leave space for the content. */}
        <Group gap="4px 12px" align="baseline" style={{ minWidth: 0, flex: '1 1 160px' }}>
          <Title order={1} size="h3" lh={1.25}>
            {title}
          </Title>
          {lead && (
            <Text c="dimmed" size="sm" component="div">
              {lead}
            </Text>
          )}
        </Group>
        {actions && <Group gap="sm">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  );
}
