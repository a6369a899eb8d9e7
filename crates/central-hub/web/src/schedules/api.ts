import { keepPreviousData, useQuery } from '@tanstack/react-query';

import { request } from '../api/http';
import { addDays, type Day } from '../lib/days';
import { query } from '../lib/query';
import { SCHEDULES_KEY, SCHEDULES_PATH as PATH } from '../planning/api';
import { useAction } from '../ui/useAction';
import type {
  CampaignChoice,
  Schedule,
  SchedulePage,
  ScheduleState,
} from '../planning/types';

/** The hub's maximum page size. */
const MAX_PAGE_SIZE = 500;
/** Page size of the list. */
const PER_PAGE = 50;
/** Maximum number of pages for a week, which would be unreadable with more. */
const MAX_PAGES = 4;

/** Polling interval: no event reports changes by other users. */
export const POLL_MS = 60_000;

export interface ListFilter {
  estado: ScheduleState | null;
  campania_id: number | null;
}

export const getPage = (
  filter: ListFilter & { desde?: Day; hasta?: Day; limite?: number },
  antes: string | number | null,
  signal?: AbortSignal,
) =>
  // Without `limite` the hub responds with a bare array.
  request<SchedulePage>(`${PATH}${query({ limite: PER_PAGE, ...filter, antes })}`, { signal });

export interface WeekAnswer {
  schedules: Schedule[];
  /** Whether some schedules were left out. */
  partial: boolean;
  zone: string;
}

/** Fetches the schedules that may have a window in the seven days from `first`. */
async function getWeek(first: Day, filter: ListFilter, signal: AbortSignal): Promise<WeekAnswer> {
  // A window of the previous day may span midnight.
  const range = { desde: addDays(first, -1), hasta: addDays(first, 6), limite: MAX_PAGE_SIZE };
  const schedules: Schedule[] = [];
  let next: number | null = null;
  let zone = '';
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const answer: SchedulePage = await getPage({ ...filter, ...range }, next, signal);
    schedules.push(...answer.programaciones);
    next = answer.siguiente;
    zone = answer.zona;
    if (next === null) break;
  }
  return { schedules, partial: next !== null, zone };
}

export const useWeek = (first: Day | null, filter: ListFilter) =>
  useQuery({
    queryKey: [...SCHEDULES_KEY, 'week', first, filter],
    queryFn: ({ signal }) => getWeek(first ?? '', filter, signal),
    enabled: first !== null,
    staleTime: 0,
    refetchInterval: POLL_MS,
  });

interface Stats {
  simulacion: boolean | null;
  por_dia: { dia: Day; cantidad: number }[];
}

/** Fetches the number of a campaign's sent messages per day; a dry run sent none. */
export const getSentByDay = async (id: number, signal: AbortSignal) => {
  const stats = await request<Stats>(`/api/sender/campaigns/${id}/stats`, { signal });
  return stats.simulacion === true ? [] : stats.por_dia;
};

export type Step = 'approve' | 'reject' | 'pause';

export const deleteSchedule = (id: number) => request<null>(`${PATH}/${id}`, { method: 'DELETE' });

export const moveSchedule = (id: number, step: Step, motivo: string) =>
  request<Schedule>(`${PATH}/${id}/${step}`, {
    method: 'POST',
    body: motivo.trim() === '' ? {} : { motivo: motivo.trim() },
  });

/** A mutation after which all schedule lists are refetched. */
export const useScheduleChange = <V, R>(change: (variables: V) => Promise<R>, done: () => void) =>
  useAction(SCHEDULES_KEY, change, done);

/** Fetches the campaign that the screen is filtered by. */
export const useCampaign = (id: number | null) =>
  useQuery({
    queryKey: ['campaigns', 'name', id],
    queryFn: ({ signal }) => request<CampaignChoice>(`/api/sender/campaigns/${id}`, { signal }),
    enabled: id !== null,
  });

/** Number of campaigns offered per state; others are found by name. */
const MAX_CHOICES = 50;
const UNFINISHED_STATES = ['pendiente', 'en_progreso', 'pausada'] as const;

/** Searches unfinished campaigns by name. */
export const useCampaignChoices = (words: string) =>
  useQuery({
    queryKey: ['campaigns', 'choices', words],
    queryFn: async ({ signal }) => {
      const pages = await Promise.all(
        UNFINISHED_STATES.map((estado) =>
          request<{ campanias: CampaignChoice[] }>(
            `/api/sender/campaigns${query({ estado, buscar: words, limite: MAX_CHOICES })}`,
            { signal },
          ),
        ),
      );
      return pages.flatMap(({ campanias }) => campanias).toSorted((a, b) => b.id - a.id);
    },
    placeholderData: keepPreviousData,
    staleTime: 0,
  });
