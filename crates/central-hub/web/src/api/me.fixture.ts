import type { Me } from './types';

/** An administrator who is signed in, for tests. */
export const me: Me = {
  auth_required: true,
  user: { id: 1, username: 'marcela', role: 'admin', cliente_id: null },
  role: 'admin',
  cliente_id: null,
  scopes: [],
  csrf: null,
};
