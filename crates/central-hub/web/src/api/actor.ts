// The author of a change, as the hub records it: a user's name, `token 3` for a
// program, `this machine` if no sign-in is required.
import type { Me } from './types';

export type Actor = { kind: 'self' } | { kind: 'program' } | { kind: 'user'; name: string } | null;

/** Contains a space, so it cannot be a user's name. */
const MACHINE = 'this machine';
const TOKEN = /^token \d+$/;

/** Returns who `by` is from the signed-in user's point of view; null if unknown. */
export function actorOf(me: Me, by: string | null | undefined): Actor {
  if (by === null || by === undefined) return null;
  if (by === me.user?.username) return { kind: 'self' };
  if (by === MACHINE) return me.auth_required ? null : { kind: 'self' };
  return TOKEN.test(by) ? { kind: 'program' } : { kind: 'user', name: by };
}
