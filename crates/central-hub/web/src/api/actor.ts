// Who did something, as the hub records it: a user's name, `token 3` for a
// program, `this machine` where nobody has to sign in.
import type { Me } from './types';

export type Actor = { kind: 'self' } | { kind: 'program' } | { kind: 'user'; name: string } | null;

/** No user's name has a space. */
const MACHINE = 'this machine';
const TOKEN = /^token \d+$/;

/** Returns who that is for this user; null if it is not known. */
export function actorOf(me: Me, by: string | null | undefined): Actor {
  if (by === null || by === undefined) return null;
  if (by === me.user?.username) return { kind: 'self' };
  if (by === MACHINE) return me.auth_required ? null : { kind: 'self' };
  return TOKEN.test(by) ? { kind: 'program' } : { kind: 'user', name: by };
}
