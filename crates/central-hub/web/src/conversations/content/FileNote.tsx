import { Button, Text } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';

import { ApiError, probeFile } from '../../api/http';
import type { Dictionary } from '../../i18n/es';
import { useText } from '../../i18n/I18nProvider';
import { errorText } from '../../i18n/lookup';
import classes from './Content.module.css';

/** Describes why a file is not shown; a null error means that the browser cannot decode it. */
export function fileProblem(t: Dictionary, error: Error | null): string {
  const { cannotShow, problems } = t.conversations.content;
  if (!error) return cannotShow;
  const own =
    error instanceof ApiError && Object.hasOwn(problems, error.code) ? problems[error.code] : null;
  return own ?? errorText(t, error);
}

/** Returns whether a retry cannot succeed. */
const isFinal = (error: Error): boolean =>
  error instanceof ApiError && ['MEDIA_GONE', 'MEDIA_NOT_FOUND', 'MEDIA_OFF'].includes(error.code);

/** Requests the reason why a file failed to load, which its element does not report. */
export function useProbe(url: string) {
  const { error, isIdle, isPending, isSuccess, mutate, reset } = useMutation({
    mutationFn: () => probeFile(url),
  });
  // The file is served, but the browser cannot show it.
  const problem = isSuccess ? null : (error ?? undefined);
  return { isIdle, isPending, problem, ask: () => mutate(), reset };
}

interface Props {
  /** Undefined while there is no problem. */
  problem: Error | null | undefined;
  pending?: boolean;
  onRetry?: () => void;
}

/** A description of a file's problem, and a retry button. */
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
