import { useQuery } from '@tanstack/react-query';

import { request } from '../api/http';
import { useSeesAll } from './AuthProvider';

/** Starts with the key of the user list, so that a change of users invalidates it. */
const KEY = ['users', 'businesses'] as const;

/**
 * Returns whether this installation serves more than one business. If not, business numbers are
 * hidden, since users of a single business do not know its number.
 */
export function useSeveralBusinesses(): boolean {
  const seesAll = useSeesAll();
  const { data } = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) =>
      request<{ users: { cliente_id: number | null }[] }>('/api/users', { signal }),
    enabled: seesAll,
    select: ({ users }) => users.some(({ cliente_id }) => cliente_id !== null),
  });
  return seesAll && data === true;
}
