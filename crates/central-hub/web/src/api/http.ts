import type { ErrorBody } from './types';

/** Codes that this page makes itself, for failures that never got a proper answer. */
export const HUB_UNREACHABLE = 'HUB_UNREACHABLE';
export const HUB_TIMEOUT = 'HUB_TIMEOUT';
export const BAD_RESPONSE = 'BAD_RESPONSE';

/** A request that failed; `code` is the service's word for it, or one of the above. */
export class ApiError extends Error {
  readonly code: string;
  /** 0 when there was no answer. */
  readonly status: number;

  constructor(code: string, message: string, status = 0) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.status = status;
  }
}

export interface RequestOptions {
  method?: 'GET' | 'POST';
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
    // The connection or the deadline struck while the body was still coming.
    throw cause;
  }
}

/** The one way to the hub. Every failure is an [`ApiError`], but for the caller's own abort. */
export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const { method = 'GET', body, headers = {}, timeoutMs = 10_000, signal } = options;
  const deadline = AbortSignal.timeout(timeoutMs);
  const init: RequestInit = {
    method,
    signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    headers: {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };

  let response: Response;
  let answer: unknown;
  try {
    response = await fetch(path, init);
    answer = await readJson(response);
  } catch (cause) {
    if (signal?.aborted) throw cause;
    if (deadline.aborted) throw new ApiError(HUB_TIMEOUT, `No answer from ${path} in time`);
    throw new ApiError(HUB_UNREACHABLE, `Cannot reach the hub: ${String(cause)}`);
  }

  if (response.ok && answer !== undefined) return answer as T;
  if (isErrorBody(answer)) throw new ApiError(answer.code, answer.message, response.status);
  throw new ApiError(
    BAD_RESPONSE,
    `${path} answered ${response.status} without a reason`,
    response.status,
  );
}
