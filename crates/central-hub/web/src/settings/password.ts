import { lengthProblem } from '../lib/password';

export interface Passwords {
  current: string;
  next: string;
  again: string;
}

export type PasswordProblem = 'empty' | 'short' | 'long' | 'same' | 'differs';

export type PasswordProblems = Partial<Record<keyof Passwords, PasswordProblem>>;

/** Validates the form before the request. */
export function checkPasswords({ current, next, again }: Passwords): PasswordProblems {
  const problems: PasswordProblems = {};
  const length = lengthProblem(next);
  if (current === '') problems.current = 'empty';
  if (length) problems.next = length;
  else if (next === current) problems.next = 'same';
  else if (again !== next) problems.again = 'differs';
  return problems;
}
