const SHORTEST = 10;
const MAX_CHARACTERS = 256;

/**
 * Validates a new password's length by the hub's rule, which counts characters,
 * not UTF-16 units.
 */
export function lengthProblem(password: string): 'short' | 'long' | null {
  const length = [...password].length;
  if (length < SHORTEST) return 'short';
  return length > MAX_CHARACTERS ? 'long' : null;
}
