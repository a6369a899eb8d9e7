import { describe, expect, it } from 'vitest';

import { actorOf } from './actor';
import { me } from './me.fixture';
import type { Me } from './types';

describe('the author of a change', () => {
  it('is the user, another user, a program, or unknown', () => {
    expect(actorOf(me, 'marcela')).toEqual({ kind: 'self' });
    expect(actorOf(me, 'luis')).toEqual({ kind: 'user', name: 'luis' });
    expect(actorOf(me, 'token 12')).toEqual({ kind: 'program' });
    expect(actorOf(me, null)).toBeNull();
    // The entry is from before a password was set.
    expect(actorOf(me, 'this machine')).toBeNull();
  });

  it('is the user if no sign-in is required', () => {
    const alone: Me = { ...me, auth_required: false, user: null };
    expect(actorOf(alone, 'this machine')).toEqual({ kind: 'self' });
    expect(actorOf(alone, 'marcela')).toEqual({ kind: 'user', name: 'marcela' });
  });
});
