import { Paper, type PaperProps } from '@mantine/core';
import type { ComponentPropsWithRef } from 'react';

type Props = PaperProps & Omit<ComponentPropsWithRef<'div'>, keyof PaperProps>;

/** The background card of a section. */
export function Surface({ className, ...props }: Props) {
  return (
    <Paper
      withBorder
      p={{ base: 'md', sm: 'lg' }}
      radius="lg"
      className={className ? `lm-surface ${className}` : 'lm-surface'}
      {...props}
    />
  );
}
