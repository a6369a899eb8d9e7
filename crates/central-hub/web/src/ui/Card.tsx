import { Group, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';

import { Surface } from './Surface';

/** A titled section of a screen. */
export function Card({
  title,
  text,
  action,
  children,
}: {
  title: string;
  text?: string;
  /** Actions at the right of the title. */
  action?: ReactNode;
  children: ReactNode;
}) {
  return (
    <Surface>
      <Stack gap="md" component="section" aria-label={title}>
        <Group justify="space-between" align="flex-start">
          <div style={{ flex: 1, minWidth: 220 }}>
            <Title order={2} size="h4">
              {title}
            </Title>
            {text && (
              <Text size="sm" c="dimmed">
                {text}
              </Text>
            )}
          </div>
          {action}
        </Group>
        {children}
      </Stack>
    </Surface>
  );
}
