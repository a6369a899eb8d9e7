import { useLive } from './LiveProvider';
import { lineOf, type Line } from './line';
import { useSession } from './queries';

/** Returns the state of the line. */
export function useLine(): Line {
  const live = useLive();
  const { data: session, error } = useSession();
  return lineOf({ session, error, live }, live.limits);
}
