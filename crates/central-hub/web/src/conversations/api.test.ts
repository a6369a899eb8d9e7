import { QueryClient, QueryObserver } from '@tanstack/react-query';
import { afterEach, expect, it, vi } from 'vitest';

import { historyQuery } from './api';
import { inbound } from './message.fixture';
import type { History } from './types';

const ANA = '5491158254201';
const page: History = {
  telefono: ANA,
  chat: `${ANA}@c.us`,
  nombre: 'Ana',
  sin_leer: 0,
  sin_responder_desde: null,
  mensajes: [inbound(1)],
  siguiente: null,
};

afterEach(() => vi.unstubAllGlobals());

it('a conversation that a click fetched is not fetched again when it is shown', async () => {
  const fetched = vi.fn(async () => Response.json(page));
  vi.stubGlobal('fetch', fetched);
  const queries = new QueryClient();
  const query = historyQuery(queries, ANA, () => null);
  await queries.prefetchQuery(query);
  const shown = new QueryObserver(queries, query);
  const close = shown.subscribe(() => undefined);
  expect(shown.getCurrentResult().data?.messages.map(({ id }) => id)).toEqual([1]);
  expect(fetched).toHaveBeenCalledTimes(1);
  // An event makes the shown conversation fetch again.
  await queries.invalidateQueries({ queryKey: query.queryKey });
  expect(fetched).toHaveBeenCalledTimes(2);
  close();
  queries.clear();
});
