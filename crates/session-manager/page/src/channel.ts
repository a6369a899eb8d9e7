// The event channel. Sends events to the service in batches, since each message to the service
// costs the browser work as well.

export type BridgeEvent =
  | { type: "facts"; facts: unknown }
  | { type: "message"; message: unknown }
  | { type: "change"; change: unknown }
  | { type: "changes_missed" }
  | { type: "ack"; id: string; ack: number; media?: object | undefined }
  | { type: "limits"; limits: unknown }
  | { type: "log"; level: "warn" | "info"; text: string };

type Send = (text: string) => void;

let send: Send | undefined;
let batch: BridgeEvent[] = [];
let scheduled = false;
/** How long, in milliseconds, an event that is not urgent may wait for its batch. */
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
  // The time of sending, by the clock that the service uses as well.
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

/** Posts an event that is not urgent: it is sent with the next batch, or a moment later. */
export function postSoon(event: BridgeEvent): void {
  batch.push(event);
  if (!scheduled) soon ??= setTimeout(flush, SOON_MS);
}

/** Posts an event that cannot wait for a microtask, such as one right before a navigation. */
export function postNow(event: BridgeEvent): void {
  batch.push(event);
  flush();
}

export function note(level: "warn" | "info", text: string): void {
  post({ type: "log", level, text: text.slice(0, 500) });
}
