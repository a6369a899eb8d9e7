import { expect, it, vi } from 'vitest';

import { fetchBackTo } from './backTo';
import { inbound } from './message.fixture';
import type { History } from './types';

/** A conversation with messages 1 to 1,000, in pages of 100; ids 301 to 310 were deleted. */
async function fetchPage(before: number): Promise<History> {
  const floor = Math.max(1, before - 100);
  const ids = Array.from({ length: before - floor }, (_, at) => before - 1 - at);
  return {
    telefono: '5491158254201',
    chat: '5491158254201@c.us',
    nombre: null,
    sin_leer: 0,
    sin_responder_desde: null,
    mensajes: ids.filter((id) => id <= 300 || id > 310).map((id) => inbound(id, { message_id: `true_x_K${id}` })),
    siguiente: floor === 1 ? null : floor,
  };
}

const nothing = () => undefined;

it('goes back to a message however far it is, and tells how far it has come', async () => {
  const onProgress = vi.fn();
  const { page, isFound } = await fetchBackTo('false_y_K5', 951, onProgress, fetchPage);
  expect(isFound).toBe(true);
  expect(page?.mensajes).toHaveLength(940);
  expect(page?.siguiente).toBe(null);
  expect(onProgress).toHaveBeenCalledTimes(10);
});

it('goes no further than where the message would be', async () => {
  const fetched = vi.fn(fetchPage);
  const { page, isFound } = await fetchBackTo(305, 951, nothing, fetched);
  expect(isFound).toBe(false);
  expect(fetched).toHaveBeenCalledTimes(7);
  expect(page?.siguiente).toBe(251);
});

it('keeps what was fetched before an error', async () => {
  const failure = new Error('cut off');
  const { page, isFound, error } = await fetchBackTo(5, 951, nothing, (before) =>
    before < 800 ? Promise.reject(failure) : fetchPage(before),
  );
  expect({ isFound, error, next: page?.siguiente }).toEqual({ isFound: false, error: failure, next: 751 });
});
