import { afterEach, describe, expect, it, vi } from 'vitest';

import { ApiError, ME_PATH, onSignedOut, probeFile, request, setCsrf } from './http';
import { outcomeIsUnknown } from './outcome';

function answer(body: BodyInit | null, status = 200) {
  const fetched = vi.fn<typeof fetch>(() => Promise.resolve(new Response(body, { status })));
  vi.stubGlobal('fetch', fetched);
  return fetched;
}

const failure = async (promise: Promise<unknown>): Promise<ApiError> => {
  const error: unknown = await promise.then(
    () => new Error('did not fail'),
    (cause: unknown) => cause,
  );
  if (!(error instanceof ApiError)) throw error;
  return error;
};

afterEach(() => vi.unstubAllGlobals());

describe('request', () => {
  it('sends JSON and reads JSON', async () => {
    const fetched = answer('{"ok":true}');
    await expect(request('/x', { method: 'POST', body: { a: 1 } })).resolves.toEqual({ ok: true });
    expect(fetched.mock.calls[0]?.[1]).toMatchObject({
      method: 'POST',
      body: '{"a":1}',
      headers: { 'content-type': 'application/json' },
    });
  });

  it('keeps the code and the status of an API error', async () => {
    answer('{"error":true,"code":"NOT_ON_WHATSAPP","message":"no"}', 404);
    expect(await failure(request('/x'))).toMatchObject({
      code: 'NOT_ON_WHATSAPP',
      message: 'no',
      status: 404,
    });
  });

  it.each([
    ['<html>Bad gateway</html>', 502],
    ['{"something":"else"}', 500],
    ['not json', 200],
  ])('calls %j with %d a bad response', async (body, status) => {
    answer(body, status);
    expect(await failure(request('/x'))).toMatchObject({ code: 'BAD_RESPONSE', status });
  });

  it('reports an unreachable hub', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));
    expect(await failure(request('/x'))).toMatchObject({ code: 'HUB_UNREACHABLE', status: 0 });
  });

  it('reports a hub that does not respond in time', async () => {
    vi.stubGlobal(
      'fetch',
      (_: string, { signal }: RequestInit) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(signal.reason as Error));
        }),
    );
    expect(await failure(request('/x', { timeoutMs: 5 }))).toMatchObject({ code: 'HUB_TIMEOUT' });
  });
});

describe('probeFile', () => {
  it('resolves for a file that is served, even if empty', async () => {
    for (const status of [200, 206, 416]) {
      const fetched = answer('x', status);
      await expect(probeFile('/f')).resolves.toBeUndefined();
      expect(fetched.mock.calls[0]?.[1]?.headers).toEqual({ range: 'bytes=0-0' });
    }
  });

  it('rejects with the reason if the file is not served', async () => {
    answer('{"error":true,"code":"MEDIA_GONE","message":"no"}', 410);
    expect(await failure(probeFile('/f'))).toMatchObject({ code: 'MEDIA_GONE', status: 410 });
    answer('<html>', 502);
    expect(await failure(probeFile('/f'))).toMatchObject({ code: 'BAD_RESPONSE', status: 502 });
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));
    expect(await failure(probeFile('/f'))).toMatchObject({ code: 'HUB_UNREACHABLE' });
  });
});

describe('the outcome of a send', () => {
  it('is unknown only if the message may have been sent', () => {
    for (const code of [
      'SEND_UNCONFIRMED',
      'SESSION_MANAGER_TIMEOUT',
      'HUB_UNREACHABLE',
      'HUB_TIMEOUT',
    ]) {
      expect(outcomeIsUnknown(new ApiError(code, ''))).toBe(true);
    }
    for (const code of ['SEND_FAILED', 'NOT_ON_WHATSAPP', 'SESSION_NOT_READY', 'INVALID_REQUEST']) {
      expect(outcomeIsUnknown(new ApiError(code, ''))).toBe(false);
    }
  });
});

describe('sign-in', () => {
  afterEach(() => setCsrf(null));

  it('sends the CSRF token with changes only', async () => {
    const fetched = answer('{"ok":true}');
    setCsrf('abc');
    await request('/x', { method: 'POST', body: {} });
    expect(fetched.mock.calls[0]?.[1]?.headers).toMatchObject({ 'x-csrf-token': 'abc' });
    fetched.mockImplementation(() => Promise.resolve(new Response('{}')));
    await request('/x');
    expect(fetched.mock.calls[1]?.[1]?.headers).not.toHaveProperty('x-csrf-token');
  });

  it('reports the end of the session', async () => {
    const listener = vi.fn();
    const forget = onSignedOut(listener);
    answer('{"error":true,"code":"UNAUTHORIZED","message":"no"}', 401);
    await failure(request('/x'));
    expect(listener).toHaveBeenCalledTimes(1);
    answer('{"error":true,"code":"WRONG_PASSWORD","message":"no"}', 401);
    await failure(request('/x'));
    expect(listener).toHaveBeenCalledTimes(1);
    forget();
  });

  it('adopts the CSRF token of a session that another tab started', async () => {
    setCsrf('old');
    const fetched = vi.fn<typeof fetch>((path, init) => {
      const { headers } = init as { headers: Record<string, string> };
      if (path === ME_PATH) return Promise.resolve(new Response('{"csrf":"new"}'));
      return Promise.resolve(
        headers['x-csrf-token'] === 'new'
          ? new Response('{"ok":true}')
          : new Response('{"error":true,"code":"CSRF_TOKEN_INVALID","message":"no"}', {
              status: 403,
            }),
      );
    });
    vi.stubGlobal('fetch', fetched);
    await expect(request('/x', { method: 'POST' })).resolves.toEqual({ ok: true });
    expect(fetched).toHaveBeenCalledTimes(3);
  });
});
