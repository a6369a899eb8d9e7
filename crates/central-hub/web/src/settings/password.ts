export interface Passwords {
  current: string;
  next: string;
  again: string;
}

export type PasswordProblem = 'empty' | 'short' | 'long' | 'same' | 'differs';

export type PasswordProblems = Partial<Record<keyof Passwords, PasswordProblem>>;

const SHORTEST = 10;
const LONGEST = 256;

/** What is wrong, before the hub is asked; it counts characters, not UTF-16. */
export function checkPasswords({ current, next, again }: Passwords): PasswordProblems {
  const problems: PasswordProblems = {};
  const length = [...next].length;
  if (current === '') problems.current = 'empty';
  if (length < SHORTEST) problems.next = 'short';
  else if (length > LONGEST) problems.next = 'long';
  else if (next === current) problems.next = 'same';
  else if (again !== next) problems.again = 'differs';
  return problems;
}

/** 93784 s is one day, two hours and three minutes; of these the two largest. */
export function uptimeParts(seconds: number): { days: number; hours: number; minutes: number } {
  return {
    days: Math.floor(seconds / 86_400),
    hours: Math.floor(seconds / 3_600) % 24,
    minutes: Math.floor(seconds / 60) % 60,
  };
}
