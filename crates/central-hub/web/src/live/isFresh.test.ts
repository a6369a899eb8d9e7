import { QueryClient } from '@tanstack/react-query';
import { expect, it } from 'vitest';

import { isFresh } from './isFresh';

const KEY = ['inbox'] as const;

it('says whether a query need not be repeated when the stream opens', async () => {
  const queries = new QueryClient();
  expect(isFresh(queries, KEY)).toBe(false);

  let answer = (_: number): void => undefined;
  const request = queries.fetchQuery({
    queryKey: KEY,
    queryFn: () => new Promise<number>((resolve) => (answer = resolve)),
  });
  expect(isFresh(queries, KEY)).toBe(true);
  answer(1);
  await request;
  expect(isFresh(queries, KEY)).toBe(true);

  queries.setQueryData(KEY, 2, { updatedAt: Date.now() - 60_000 });
  expect(isFresh(queries, KEY)).toBe(false);
  queries.clear();
});
