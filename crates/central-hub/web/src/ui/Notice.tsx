import { Alert, type AlertProps } from '@mantine/core';
import type { ReactNode } from 'react';

interface Props extends Omit<AlertProps, 'title' | 'role' | 'color'> {
  color: 'red' | 'yellow' | 'brand' | 'gray';
  title: string;
  children?: ReactNode;
  /** Whether to interrupt a screen reader; for the result of the last click. */
  urgent?: boolean;
}

/** A colored box with a title. Mantine's `Alert` always interrupts a screen reader. */
export function Notice({ urgent = false, ...props }: Props) {
  return <Alert role={urgent ? 'alert' : 'note'} ta="start" w="100%" {...props} />;
}
