import { useConfig } from './queries';
import { useLive } from './LiveProvider';

/** Whether the hub holds every message back; `null` until it said. */
export function useDryRun(): boolean | null {
  const { dryRun } = useLive();
  const config = useConfig();
  return dryRun ?? config.data?.dry_run ?? null;
}
