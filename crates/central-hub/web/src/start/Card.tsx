import { Anchor, Group, Stack, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'react-router';

import { Surface } from '../ui/Surface';

interface Props {
  title: string;
  /** Where there is more of it. */
  more?: { to: string | null; label: string };
  /** What can be done with the part itself. */
  action?: ReactNode;
  children: ReactNode;
}

/** A part of the start screen, with the way to the screen of its own. */
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
