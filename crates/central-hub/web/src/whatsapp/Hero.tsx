import { Stack, Text, ThemeIcon, Title } from '@mantine/core';
import type { ReactNode } from 'react';

interface Props {
  icon: ReactNode;
  color: string;
  title: string;
  text?: ReactNode;
  children?: ReactNode;
}

/** A prominent display of a state: icon, title, sentence and action. */
export function Hero({ icon, color, title, text, children }: Props) {
  return (
    <Stack align="center" ta="center" gap="sm" py={{ base: 'md', sm: 'xl' }} maw={520} mx="auto">
      <ThemeIcon size={80} radius={40} variant="light" color={color}>
        {icon}
      </ThemeIcon>
      <Title order={2} size="h3" mt="xs">
        {title}
      </Title>
      {text && (
        <Text c="dimmed" component="div">
          {text}
        </Text>
      )}
      {children}
    </Stack>
  );
}
