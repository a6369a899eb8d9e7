import { useQuery } from '@tanstack/react-query';

import { request } from '../api/http';
import { useLive } from '../live/LiveProvider';
import { useConfig, useSession } from '../live/queries';
import { useDryRun } from '../live/useDryRun';
import { useSending } from '../live/useSending';
import { viewOf } from '../live/view';
import { SCHEDULES_PATH } from '../planning/api';
import type { Schedule } from '../planning/types';
import { campaignKey } from './api';
import { standingOf, type SendingContext, type Standing } from './standing';
import type { Campaign } from './types';

/** Returns the server state that affects all campaigns. */
export function useSendingContext(): Omit<SendingContext, 'schedules'> {
  const live = useLive();
  const session = useSession();
  const config = useConfig();
  const dryRun = useDryRun();
  const sending = useSending();
  const view = viewOf({ session: session.data, error: session.error, live, connecting: false });
  return {
    dryRun,
    stopped: sending?.detenido ?? null,
    campaignsOn: config.data?.auto_campaigns_enabled ?? null,
    line: view.kind,
    limits: live.limits,
  };
}

/**
 * Fetches a campaign's schedules. Its key starts with the campaign's, so that both are refetched
 * together.
 */
export const useOwnSchedules = (id: number) =>
  useQuery({
    queryKey: [...campaignKey(id), 'schedules'],
    queryFn: ({ signal }) =>
      request<{ programaciones: Schedule[] }>(
        `${SCHEDULES_PATH}?limite=50&campania_id=${id}`,
        { signal },
      ),
    select: ({ programaciones }) => programaciones,
    staleTime: 0,
    refetchInterval: 15_000,
  });

/** Returns whether a campaign sends, or the reasons why not. */
export function useStanding(campaign: Campaign): Standing {
  const context = useSendingContext();
  const { data } = useOwnSchedules(campaign.id);
  const schedules = data
    ? { total: data.length, approved: data.filter(({ estado }) => estado === 'aprobada').length }
    : null;
  return standingOf(campaign, { ...context, schedules });
}
