import { useQuery } from '@tanstack/react-query';

import { request } from '../api/http';
import { useLive } from '../live/LiveProvider';
import { useConfig, useSession } from '../live/queries';
import { useDryRun } from '../live/useDryRun';
import { viewOf } from '../live/view';
import { campaignKey } from './api';
import { standingOf, type Around, type Standing } from './standing';
import type { Campaign } from './types';

/** What concerns every campaign alike. */
export function useAround(): Omit<Around, 'schedules'> {
  const live = useLive();
  const session = useSession();
  const config = useConfig();
  const dryRun = useDryRun();
  const view = viewOf({ session: session.data, error: session.error, live, connecting: false });
  return {
    dryRun,
    campaignsOn: config.data?.auto_campaigns_enabled ?? null,
    line: view.kind,
    limits: live.limits,
  };
}

interface OwnSchedule {
  id: number;
  estado: string;
  cupo_diario: number | null;
}

/** The schedules of one campaign; beside it, so that they are read again with it. */
export const useOwnSchedules = (id: number) =>
  useQuery({
    queryKey: [...campaignKey(id), 'schedules'],
    queryFn: ({ signal }) =>
      request<{ programaciones: OwnSchedule[] }>(
        `/api/sender/programaciones?limite=50&campania_id=${id}`,
        { signal },
      ),
    select: ({ programaciones }) => programaciones,
    staleTime: 0,
    refetchInterval: 15_000,
  });

/** How one campaign stands, with all that is known of it. */
export function useStanding(campaign: Campaign): Standing {
  const around = useAround();
  const { data } = useOwnSchedules(campaign.id);
  const schedules = data
    ? { total: data.length, approved: data.filter(({ estado }) => estado === 'aprobada').length }
    : null;
  return standingOf(campaign, { ...around, schedules });
}
