import { Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';

import { Surface } from '../ui/Surface';

/** A part of the screen with its title. */
export function Card({
  title,
  text,
  children,
}: {
  title: string;
  text?: string;
  children: ReactNode;
}) {
  return (
    <Surface>
      <Stack gap="md" component="section" aria-label={title}>
        <div>
          <Title order={2} size="h4">
            {title}
          </Title>
          {text && (
            <Text size="sm" c="dimmed">
              {text}
            </Text>
          )}
        </div>
        {children}
      </Stack>
    </Surface>
  );
}
