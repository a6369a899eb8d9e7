import { Button, Text } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';

import { ApiError, probeFile } from '../../api/http';
import type { Dictionary } from '../../i18n/es';
import { useText } from '../../i18n/I18nProvider';
import { errorText } from '../../i18n/lookup';
import classes from './Content.module.css';

/** Returns why a file is not shown; null as the error: it is there, but unreadable. */
export function fileProblem(t: Dictionary, error: Error | null): string {
  const { cannotShow, problems } = t.conversations.content;
  if (!error) return cannotShow;
  const own =
    error instanceof ApiError && Object.hasOwn(problems, error.code) ? problems[error.code] : null;
  return own ?? errorText(t, error);
}

/** Returns whether trying again cannot help. */
const isFinal = (error: Error): boolean =>
  error instanceof ApiError && ['MEDIA_GONE', 'MEDIA_NOT_FOUND', 'MEDIA_OFF'].includes(error.code);

/** Asks why a file failed: its element does not say. */
export function useProbe(url: string) {
  const { error, isIdle, isPending, isSuccess, mutate, reset } = useMutation({
    mutationFn: () => probeFile(url),
  });
  // There, and not to be shown all the same.
  const problem = isSuccess ? null : (error ?? undefined);
  return { isIdle, isPending, problem, ask: () => mutate(), reset };
}

interface Props {
  /** Undefined while there is no problem. */
  problem: Error | null | undefined;
  pending?: boolean;
  onRetry?: () => void;
}

/** The state of a file in words, and a way to try again. */
export function FileNote({ problem, pending = false, onRetry }: Props) {
  const t = useText();
  const c = t.conversations.content;
  return (
    <div role="status" className={classes.note}>
      {pending && <Text size="xs">{c.fetching}</Text>}
      {!pending && problem !== undefined && (
        <>
          <Text size="xs" c="var(--mantine-color-error)">
            {fileProblem(t, problem)}
          </Text>
          {onRetry && problem !== null && !isFinal(problem) && (
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<IconRefresh size={14} aria-hidden />}
              onClick={onRetry}
            >
              {c.retry}
            </Button>
          )}
        </>
      )}
    </div>
  );
}
