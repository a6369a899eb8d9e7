// The event channel: events go to the service in batches, since each message is work
// for the browser as well.

export type BridgeEvent =
  | { type: "facts"; facts: unknown }
  | { type: "message"; message: unknown }
  | { type: "change"; change: unknown }
  | { type: "ack"; id: string; ack: number }
  | { type: "limits"; limits: unknown }
  | { type: "log"; level: "warn" | "info"; text: string };

type Send = (text: string) => void;

let send: Send | undefined;
let batch: BridgeEvent[] = [];
let scheduled = false;
/** What nobody waits for may wait so long for company. */
const SOON_MS = 20;
let soon: ReturnType<typeof setTimeout> | undefined;

export function openChannel(channel: Send): void {
  send = channel;
}

function flush(): void {
  scheduled = false;
  clearTimeout(soon);
  soon = undefined;
  const events = batch;
  batch = [];
  // When it left, by the clock that the service has as well.
  const at = performance.timeOrigin + performance.now();
  send?.(JSON.stringify({ at, events }));
}

export function post(event: BridgeEvent): void {
  batch.push(event);
  if (!scheduled) {
    scheduled = true;
    queueMicrotask(flush);
  }
}

/** For what nobody waits for: it goes with what comes next, or a moment later. */
export function postSoon(event: BridgeEvent): void {
  batch.push(event);
  if (!scheduled) soon ??= setTimeout(flush, SOON_MS);
}

/** For what must not wait for a microtask, such as a word before a
 * navigation. */
export function postNow(event: BridgeEvent): void {
  batch.push(event);
  flush();
}

export function note(level: "warn" | "info", text: string): void {
  post({ type: "log", level, text: text.slice(0, 500) });
}
