import { Alert, type AlertProps } from '@mantine/core';
import type { ReactNode } from 'react';

interface Props extends Omit<AlertProps, 'title' | 'role' | 'color'> {
  color: 'red' | 'yellow' | 'brand' | 'gray';
  title: string;
  children?: ReactNode;
  /** Interrupts a screen reader: for what the last click led to. */
  urgent?: boolean;
}

/** A coloured box with a title. Mantine's own would always interrupt. */
export function Notice({ urgent = false, ...props }: Props) {
  return <Alert role={urgent ? 'alert' : 'note'} ta="start" w="100%" {...props} />;
}
