import { queryOptions } from '@tanstack/react-query';

import { getMe } from '../api/endpoints';
import { ApiError } from '../api/http';
import type { Me } from '../api/types';

export const ME_KEY = ['auth', 'me'] as const;

/** Fetches the signed-in user; null if somebody has to sign in. */
export const meQuery = queryOptions({
  queryKey: ME_KEY,
  queryFn: ({ signal }) => whoAmI(signal),
});

async function whoAmI(signal: AbortSignal): Promise<Me | null> {
  try {
    return await getMe(signal);
  } catch (error) {
    if (error instanceof ApiError && error.code === 'UNAUTHORIZED') return null;
    throw error;
  }
}
