// Time slicing of long work in the page's own thread: the page answers in between.

/** So long the page may be busy at a stretch, in milliseconds; what is over 50
 * is noticed as a long task. */
const SLICE_MS = 12;

/** Lets everything else of the page run. */
export async function pause(): Promise<void> {
  const scheduler = (globalThis as any).scheduler;
  if (typeof scheduler?.yield === "function") return scheduler.yield();
  // A timer would wait for 4 ms each time.
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/** Pauses whenever a slice is used up. To be awaited in every long loop. */
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
