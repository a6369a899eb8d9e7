import type { Role } from '../api/types';
import { isId } from '../lib/number';
import { lengthProblem } from '../lib/password';
import type { NewUser, User, UserChange } from './api';

export interface UserValues {
  username: string;
  password: string;
  role: Role;
  /** As typed. */
  cliente_id: string;
}

export type UserProblem = 'name' | 'short' | 'long' | 'business';

export type UserProblems = Partial<Record<keyof UserValues, UserProblem>>;

export const NEW_USER: UserValues = { username: '', password: '', role: 'agente', cliente_id: '' };

export const valuesOf = ({ username, role, cliente_id }: User): UserValues => ({
  username,
  password: '',
  role,
  cliente_id: cliente_id === null ? '' : String(cliente_id),
});

/** The hub's rule for user names. */
const NAME = /^[\p{Alphabetic}\p{N}._\-+@]{1,64}$/u;

/**
 * Validates the form before the request. A `known` user keeps the name, and also the
 * password if none is typed.
 */
export function checkUser(values: UserValues, known: User | null): UserProblems {
  const problems: UserProblems = {};
  if (!known && !NAME.test(values.username.trim())) problems.username = 'name';
  const length = known && values.password === '' ? null : lengthProblem(values.password);
  if (length) problems.password = length;
  if (values.role === 'cliente' && !isId(values.cliente_id.trim()))
    problems.cliente_id = 'business';
  return problems;
}

const businessOf = ({ role, cliente_id }: UserValues) =>
  role === 'cliente' ? { cliente_id: Number(cliente_id) } : {};

export const newUserOf = (values: UserValues): NewUser => ({
  username: values.username.trim(),
  password: values.password,
  role: values.role,
  ...businessOf(values),
});

export const changeOf = (values: UserValues): UserChange => ({
  role: values.role,
  ...businessOf(values),
  ...(values.password === '' ? {} : { password: values.password }),
});
