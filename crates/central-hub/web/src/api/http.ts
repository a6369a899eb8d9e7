import type { ErrorBody } from './types';

export const ME_PATH = '/api/auth/me';

/** Codes created by this page for requests without a valid response. */
export const HUB_UNREACHABLE = 'HUB_UNREACHABLE';
export const HUB_TIMEOUT = 'HUB_TIMEOUT';
export const BAD_RESPONSE = 'BAD_RESPONSE';

/** A failed request; `code` comes from the service, or is one of the codes above. */
export class ApiError extends Error {
  readonly code: string;
  /** 0 if there was no response. */
  readonly status: number;
  /** Additional fields of the response, such as the position of a template error. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, status = 0, details: Record<string, unknown> = {}) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.status = status;
    this.details = details;
  }
}

/** The CSRF token sent with every change, so that no other site can forge one. */
let csrf: string | null = null;
const listeners = new Set<() => void>();

export function setCsrf(token: string | null): void {
  csrf = token;
}

/** Returns the CSRF header of a change; empty without a session. */
export const csrfHeader = (): Record<string, string> =>
  csrf === null ? {} : { 'x-csrf-token': csrf };

/** Calls `listener` whenever the hub reports that the session has ended. */
export function onSignedOut(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export interface RequestOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  body?: unknown;
  headers?: Record<string, string>;
  timeoutMs?: number;
  signal?: AbortSignal | undefined;
}

function isErrorBody(value: unknown): value is ErrorBody {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Partial<ErrorBody>).code === 'string' &&
    typeof (value as Partial<ErrorBody>).message === 'string'
  );
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined;
    // The connection or the timeout failed while the body was being read.
    throw cause;
  }
}

/**
 * Sends a request to the hub. Rejects with an [`ApiError`], or the caller's own
 * abort.
 */
export const request = <T>(path: string, options: RequestOptions = {}): Promise<T> =>
  withCsrf(() => ask<T>(path, options));

/** Makes a request, and makes it again if the CSRF token had become invalid. */
export async function withCsrf<T>(attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.code === 'UNAUTHORIZED') listeners.forEach((listener) => listener());
    // Another tab signed in again and replaced the cookie. The hub has changed nothing yet.
    if (error.code !== 'CSRF_TOKEN_INVALID') throw error;
    const { csrf: fresh } = await ask<{ csrf: string | null }>(ME_PATH, {});
    if (!fresh || fresh === csrf) throw error;
    setCsrf(fresh);
    return await attempt();
  }
}

async function ask<T>(path: string, options: RequestOptions): Promise<T> {
  const { method = 'GET', body, headers = {}, timeoutMs = 10_000, signal } = options;
  const deadline = AbortSignal.timeout(timeoutMs);
  const init: RequestInit = {
    method,
    signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    headers: {
      accept: 'application/json',
      ...(method === 'GET' ? {} : csrfHeader()),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };

  let response: Response;
  let answer: unknown;
  try {
    response = await fetch(path, init);
    answer = response.status === 204 ? null : await readJson(response);
  } catch (cause) {
    if (signal?.aborted) throw cause;
    if (deadline.aborted) throw new ApiError(HUB_TIMEOUT, `No answer from ${path} in time`);
    throw new ApiError(HUB_UNREACHABLE, `Cannot reach the hub: ${String(cause)}`);
  }

  if (response.ok && answer !== undefined) return answer as T;
  throw refusalOf(path, response, answer);
}

function refusalOf(path: string, { status }: Response, answer: unknown): ApiError {
  return isErrorBody(answer)
    ? new ApiError(answer.code, answer.message, status, { ...answer })
    : new ApiError(BAD_RESPONSE, `${path} answered ${status} without a reason`, status);
}

/** Timeout for a file that the service has to fetch from WhatsApp first. */
const FILE_MS = 75_000;

/**
 * Requests the first byte of a file, since an element or a download that fails
 * does not say why. Rejects with an [`ApiError`] if the file is not served.
 */
export async function probeFile(path: string): Promise<void> {
  const signal = AbortSignal.timeout(FILE_MS);
  try {
    const response = await fetch(path, { signal, headers: { range: 'bytes=0-0' } });
    // An empty file has no first byte.
    if (!response.ok && response.status !== 416)
      throw refusalOf(path, response, await readJson(response));
    await response.body?.cancel();
  } catch (cause) {
    if (cause instanceof ApiError) throw cause;
    if (signal.aborted) throw new ApiError(HUB_TIMEOUT, `No answer from ${path} in time`);
    throw new ApiError(HUB_UNREACHABLE, `Cannot reach the hub: ${String(cause)}`);
  }
}
