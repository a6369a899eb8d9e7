// Slices long work in the page's thread, so that other tasks run in between, and waits.

/** Time budget of one slice, in milliseconds. Chrome reports tasks over 50 ms as long tasks. */
const SLICE_MS = 12;

const POLL_MS = 25;

/** Waits until a condition holds, for at most `patience` milliseconds. */
export async function until(holds: () => boolean, patience: number): Promise<void> {
  const deadline = Date.now() + patience;
  while (!holds() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
}

/** Yields to the page's other tasks. */
export async function pause(): Promise<void> {
  const scheduler = (globalThis as any).scheduler;
  if (typeof scheduler?.yield === "function") return scheduler.yield();
  // `setTimeout` would be clamped to 4 ms.
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/** Tracks the time slice of a long loop. Await `next()` whenever `over()` is true. */
export class Slice {
  private began = performance.now();

  over(): boolean {
    return performance.now() - this.began > SLICE_MS;
  }

  async next(): Promise<void> {
    await pause();
    this.began = performance.now();
  }
}
