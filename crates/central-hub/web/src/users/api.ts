import { request } from '../api/http';
import type { Role } from '../api/types';
import { query } from '../lib/query';
import type { Page } from '../ui/pages';

const PATH = '/api/users';

export const USERS_KEY = ['users'] as const;

export interface User {
  id: number;
  username: string;
  role: Role;
  cliente_id: number | null;
  disabled: boolean;
  created_at: string;
  signed_in_at: string | null;
  /** Created while the server had no password, so any caller may have created it. */
  unguarded?: boolean;
}

export interface NewUser {
  username: string;
  password: string;
  role: Role;
  cliente_id?: number;
}

/** Omitted fields are kept. */
export interface UserChange {
  password?: string;
  role?: Role;
  cliente_id?: number;
  disabled?: boolean;
}

export async function getUsers(
  after: string | number | null,
  signal: AbortSignal,
): Promise<Page<User>> {
  const response = await request<{ users: User[]; next: string | null }>(
    `${PATH}${query({ after, limit: 50 })}`,
    { signal },
  );
  return { items: response.users, next: response.next };
}

export const createUser = (body: NewUser) => request<User>(PATH, { method: 'POST', body });

export const changeUser = (id: number, body: UserChange) =>
  request<User>(`${PATH}/${id}`, { method: 'PUT', body });

export const deleteUser = (id: number) =>
  request<{ ok: true }>(`${PATH}/${id}`, { method: 'DELETE' });
