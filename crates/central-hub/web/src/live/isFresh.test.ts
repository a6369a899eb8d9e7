import { QueryClient } from '@tanstack/react-query';
import { expect, it } from 'vitest';

import { isFresh } from './isFresh';

const KEY = ['inbox'] as const;

it('says whether a query need not be repeated when the stream opens', async () => {
  const queries = new QueryClient();
  expect(isFresh(queries, KEY)).toBe(false);

  const request = queries.fetchQuery({ queryKey: KEY, queryFn: async () => 1 });
  expect(isFresh(queries, KEY)).toBe(true);
  await request;
  expect(isFresh(queries, KEY)).toBe(true);

  queries.setQueryData(KEY, 2, { updatedAt: Date.now() - 60_000 });
  expect(isFresh(queries, KEY)).toBe(false);
  queries.clear();
});
