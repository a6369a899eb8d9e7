import { Stack, Text, ThemeIcon } from '@mantine/core';
import type { ComponentType, ReactNode } from 'react';

interface Props {
  icon: ComponentType<{ size?: number; stroke?: number; 'aria-hidden'?: boolean }>;
  title: string;
  text?: string;
  /** The next step, such as a button. */
  children?: ReactNode;
}

/** The empty state of a list, with a way to create the first entry. */
export function Empty({ icon: Icon, title, text, children }: Props) {
  return (
    <Stack align="center" ta="center" gap="xs" py="xl">
      <ThemeIcon size={56} radius={28} variant="light" color="gray">
        <Icon size={28} stroke={1.5} aria-hidden />
      </ThemeIcon>
      <Text fw={600}>{title}</Text>
      {text && (
        <Text c="dimmed" size="sm" maw={440}>
          {text}
        </Text>
      )}
      {children}
    </Stack>
  );
}
