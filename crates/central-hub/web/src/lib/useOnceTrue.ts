import { useState } from 'react';

/** Returns whether a condition holds, or has held since the component was mounted. */
export function useOnceTrue(condition: boolean): boolean {
  const [held, setHeld] = useState(condition);
  if (condition && !held) setHeld(true);
  return held || condition;
}
