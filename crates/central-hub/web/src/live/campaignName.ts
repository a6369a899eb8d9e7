import { useQuery } from '@tanstack/react-query';

import { request } from '../api/http';

/** Returns a campaign's name; null until known, or if it was deleted. */
export function useCampaignName(id: number | null): string | null {
  const { data } = useQuery({
    queryKey: ['campaigns', 'name', id],
    queryFn: ({ signal }) => request<{ nombre: string }>(`/api/sender/campaigns/${id}`, { signal }),
    enabled: id !== null,
    staleTime: 5 * 60_000,
  });
  return data?.nombre ?? null;
}
