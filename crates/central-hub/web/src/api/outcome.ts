import { ApiError, BAD_RESPONSE, HUB_TIMEOUT, HUB_UNREACHABLE } from './http';

const UNKNOWN = new Set([
  'SEND_UNCONFIRMED',
  'SESSION_MANAGER_TIMEOUT',
  'SESSION_MANAGER_BAD_RESPONSE',
  HUB_TIMEOUT,
  HUB_UNREACHABLE,
  BAD_RESPONSE,
]);

/** Whether the message may have left although the send failed. */
export function outcomeIsUnknown(error: Error): boolean {
  return !(error instanceof ApiError) || UNKNOWN.has(error.code);
}
