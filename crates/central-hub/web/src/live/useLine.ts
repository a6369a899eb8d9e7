import { useLive } from './LiveProvider';
import { lineOf, type Line } from './line';
import { useSession } from './queries';

/** The state of the line, the same wherever it is asked for. */
export function useLine(): Line {
  const live = useLive();
  const { data: session, error } = useSession();
  return lineOf({ session, error, live }, live.limits);
}
