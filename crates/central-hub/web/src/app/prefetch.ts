import type { QueryClient } from '@tanstack/react-query';

import { meQuery } from '../auth/identity';
import { HOME } from '../lib/routes';
import { configQuery, sessionQuery } from '../live/queries';
import { inboxQuery } from '../live/useInbox';
import { sendingQuery } from '../live/useSending';
import { overviewQuery } from '../start/api';

/**
 * Fetches who is signed in, and begins to fetch what the first screen shows while it is being
 * rendered. A failure is left to the components, which fetch it again.
 */
export async function prefetchFirstScreen(queries: QueryClient): Promise<void> {
  const me = await queries.fetchQuery(meQuery).catch(() => null);
  if (!me) return;
  const requests = [
    () => queries.prefetchQuery(sessionQuery),
    () => queries.prefetchQuery(configQuery),
    () => queries.prefetchQuery(sendingQuery),
    () => queries.prefetchQuery(inboxQuery),
  ];
  if (me.role !== 'agente' && location.pathname === HOME) requests.unshift(() => queries.prefetchQuery(overviewQuery));
  // A sixth would wait for another, since one of a browser's six connections is still in use. A
  // slow phone needs some 20 ms for each, so each is a task of its own.
  for (const request of requests) setTimeout(() => void request());
}
