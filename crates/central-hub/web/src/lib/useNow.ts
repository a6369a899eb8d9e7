import { useEffect, useState } from 'react';

/**
 * Returns the time of the clock `read`, updated every `everyMs`; frozen while `running` is
 * false.
 */
export function useNow(read: () => number, everyMs: number, running = true): number {
  const [now, setNow] = useState(read);
  useEffect(() => {
    if (!running) return;
    // Continues after a pause; what was just read is not read again.
    setNow((known) => (read() - known < everyMs ? known : read()));
    const timer = setInterval(() => setNow(read()), everyMs);
    return () => clearInterval(timer);
  }, [read, everyMs, running]);
  return now;
}

export const monotonic = (): number => performance.now();
export const wallClock = (): number => Date.now();
