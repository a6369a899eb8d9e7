import { Anchor, Group, Stack, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'wouter';

import { Surface } from '../ui/Surface';

interface Props {
  title: string;
  /** Link to the full list. */
  more?: { to: string | null; label: string };
  /** An action of the card. */
  action?: ReactNode;
  children: ReactNode;
}

/** A card of the start screen, with a link to its own screen. */
export function Card({ title, more, action, children }: Props) {
  return (
    <Surface>
      <Stack gap="sm" component="section" aria-label={title}>
        <Group justify="space-between" gap="xs" wrap="nowrap" align="baseline">
          <Title order={2} size="h5">
            {title}
          </Title>
          {action}
          {more?.to && (
            <Anchor component={Link} to={more.to} size="sm" ta="end">
              {more.label}
            </Anchor>
          )}
        </Group>
        {children}
      </Stack>
    </Surface>
  );
}
