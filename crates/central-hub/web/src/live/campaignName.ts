import { useQuery } from '@tanstack/react-query';

import { request } from '../api/http';

/** What a campaign is called; null until it is known, or where it is gone. */
export function useCampaignName(id: number | null): string | null {
  const { data } = useQuery({
    queryKey: ['campaigns', 'name', id],
    queryFn: ({ signal }) => request<{ nombre: string }>(`/api/sender/campaigns/${id}`, { signal }),
    enabled: id !== null,
    staleTime: 5 * 60_000,
  });
  return data?.nombre ?? null;
}
