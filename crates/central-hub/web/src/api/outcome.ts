import { ApiError, BAD_RESPONSE, HUB_TIMEOUT, HUB_UNREACHABLE } from './http';

const UNKNOWN = new Set([
  'SEND_UNCONFIRMED',
  'SEND_UNDECIDED',
  'SESSION_MANAGER_TIMEOUT',
  'SESSION_MANAGER_BAD_RESPONSE',
  'BROWSER_TIMEOUT',
  'INTERNAL',
  HUB_TIMEOUT,
  HUB_UNREACHABLE,
  BAD_RESPONSE,
]);

/** Returns whether the message may have been sent although the request failed. */
export function outcomeIsUnknown(error: Error): boolean {
  return !(error instanceof ApiError) || UNKNOWN.has(error.code);
}
