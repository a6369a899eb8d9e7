// Messages sent in past windows.
import { useQueries } from '@tanstack/react-query';

import type { Day } from '../lib/days';
import { getSentByDay } from './api';
import { isPast, type WeekDay } from './week';

/**
* Maximum number of campaigns whose daily counts are loaded; a week with more shows none for the
* rest.
*/
const MAX_CAMPAIGNS = 12;

/** Number of sent messages, by `campaign day`. */
export type SentCounts = ReadonlyMap<string, number>;

export const sentCountKey = (campaign: number, day: Day): string => `${campaign} ${day}`;

export function useSentCounts(days: readonly WeekDay[], now: { day: Day; minute: number }): SentCounts {
  const campaigns = new Set(
    days.flatMap(({ day, blocks }) =>
      blocks
        .filter((block) => block.schedule.estado === 'aprobada' && isPast(day, block, now))
        .map(({ schedule }) => schedule.campania_id),
    ),
  );
  const ids = [...campaigns].slice(0, MAX_CAMPAIGNS);
  return useQueries({
    queries: ids.map((id) => ({
      queryKey: ['campaigns', 'sent-by-day', id],
      queryFn: ({ signal }: { signal: AbortSignal }) => getSentByDay(id, signal),
      staleTime: 60_000,
    })),
    combine: (results) =>
      new Map(
        results.flatMap(({ data }, at) =>
          (data ?? []).map(({ dia, cantidad }): [string, number] => [
            sentCountKey(ids[at] ?? 0, dia),
            cantidad,
          ]),
        ),
      ),
  });
}
