import { useQuery } from '@tanstack/react-query';

import { request } from '../api/http';
import { useSeesAll } from './AuthProvider';

/** Beside the list of users, so that whoever changes one has this read again. */
const KEY = ['users', 'businesses'] as const;

/**
 * Whether this installation serves more than one business: whoever has only
 * their own never heard of a client's number.
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
