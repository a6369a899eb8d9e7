import { useConfig } from './queries';
import { useLive } from './LiveProvider';

/** Returns whether the hub runs with `DRY_RUN` and sends no messages; `null` until known. */
export function useDryRun(): boolean | null {
  const { dryRun } = useLive();
  const config = useConfig();
  return dryRun ?? config.data?.dry_run ?? null;
}
