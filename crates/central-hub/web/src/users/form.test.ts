import { describe, expect, it } from 'vitest';

import type { User } from './api';
import { changeOf, checkUser, NEW_USER, newUserOf, valuesOf } from './form';

const EVA: User = {
  id: 2,
  username: 'eva',
  role: 'cliente',
  cliente_id: 51,
  disabled: false,
  created_at: '2026-01-01T00:00:00Z',
  signed_in_at: null,
};

describe('a user', () => {
  it('needs a name, a password and, for a cliente, the number of the business', () => {
    expect(checkUser(NEW_USER, null)).toEqual({ username: 'name', password: 'short' });
    expect(NEW_USER.role).toBe('agente');
    const ofOne = { ...NEW_USER, role: 'cliente' } as const;
    expect(checkUser(ofOne, null)).toEqual({
      username: 'name',
      password: 'short',
      cliente_id: 'business',
    });
    const eva = { ...ofOne, username: 'eva', password: 'diez letras', cliente_id: '51' };
    expect(checkUser(eva, null)).toEqual({});
    expect(checkUser({ ...eva, username: 'eva paz' }, null)).toEqual({ username: 'name' });
    expect(checkUser({ ...eva, username: 'peña.ñ@x' }, null)).toEqual({});
    expect(checkUser({ ...eva, password: 'x'.repeat(257) }, null)).toEqual({ password: 'long' });
    for (const cliente_id of ['0', '-1', '1.5', 'ana', '1e3'])
      expect(checkUser({ ...eva, cliente_id }, null)).toEqual({ cliente_id: 'business' });
    expect(checkUser({ ...eva, role: 'admin', cliente_id: '' }, null)).toEqual({});
  });

  it('is sent without empty fields', () => {
    const admin = { username: ' ana ', password: 'diez letras', role: 'admin', cliente_id: '7' } as const;
    expect(newUserOf(admin)).toEqual({ username: 'ana', password: 'diez letras', role: 'admin' });
  });

  it('keeps an existing password', () => {
    expect(checkUser(valuesOf(EVA), EVA)).toEqual({});
    expect(changeOf(valuesOf(EVA))).toEqual({ role: 'cliente', cliente_id: 51 });
    expect(checkUser({ ...valuesOf(EVA), password: 'corta' }, EVA)).toEqual({ password: 'short' });
  });
});
