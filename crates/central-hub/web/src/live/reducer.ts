import type {
  AckEvent,
  CampaignEvent,
  ConversationEvent,
  HubEvent,
  LimitsEvent,
  MessageEvent,
  QrEvent,
  StateEvent,
} from '../api/types';

/** A QR code. Its deadline is on the monotonic clock, since wall clocks may be wrong. */
export interface LiveQr {
  image: string;
  /** `performance.now()` at which it expires; `null` if unknown. */
  deadline: number | null;
  /** Remaining lifetime on arrival in milliseconds, for the progress bar. */
  lifeMs: number | null;
}

export interface LiveState {
  /** `connecting` only before the first success or failure. */
  link: 'connecting' | 'open' | 'lost';
  manager: 'unknown' | 'up' | 'down';
  managerError: { code: string; message: string } | null;
  dryRun: boolean | null;
  state: StateEvent | null;
  qr: LiveQr | null;
  /** The account's WhatsApp limits; null until reported. */
  limits: LimitsEvent | null;
  /** The most advanced ack of each of the latest messages. */
  acks: ReadonlyMap<string, AckEvent>;
}

export type LiveAction =
  | { type: 'opened' }
  | { type: 'lost' }
  | { type: 'state'; event: StateEvent }
  | { type: 'qr'; event: QrEvent; now: number }
  | { type: 'ack'; event: AckEvent }
  | { type: 'hub'; event: HubEvent }
  // For subscribers only; not stored in the state.
  | { type: 'message'; event: MessageEvent }
  | { type: 'limits'; event: LimitsEvent }
  | { type: 'sending' }
  | { type: 'conversation'; event: ConversationEvent }
  | { type: 'campaign'; event: CampaignEvent };

export const INITIAL: LiveState = {
  link: 'connecting',
  manager: 'unknown',
  managerError: null,
  dryRun: null,
  state: null,
  qr: null,
  limits: null,
  acks: new Map(),
};

const ACKS_KEPT = 50;

function withAck(acks: LiveState['acks'], event: AckEvent): LiveState['acks'] {
  const known = acks.get(event.message_id);
  // Acks may arrive out of order; keep the most advanced one.
  if (known && event.ack >= 0 && known.ack >= event.ack) return acks;
  const next = new Map(acks);
  next.delete(event.message_id);
  next.set(event.message_id, event);
  for (const id of next.keys()) {
    if (next.size <= ACKS_KEPT) break;
    next.delete(id);
  }
  return next;
}

function toQr(event: QrEvent, now: number): LiveQr | null {
  if (event.status !== 'QR_AVAILABLE' || !event.qr) return null;
  const lifeMs = event.expires_in_ms ?? null;
  return { image: event.qr, deadline: lifeMs === null ? null : now + lifeMs, lifeMs };
}

export function reduce(live: LiveState, action: LiveAction): LiveState {
  switch (action.type) {
    case 'opened':
      return { ...live, link: 'open' };
    case 'lost':
      // Drop the code, which may expire without an update.
      return { ...live, link: 'lost', qr: null };
    case 'state':
      return {
        ...live,
        state: action.event,
        qr: action.event.status === 'QR_REQUIRED' ? live.qr : null,
      };
    case 'qr':
      return { ...live, qr: toQr(action.event, action.now) };
    case 'ack':
      return { ...live, acks: withAck(live.acks, action.event) };
    case 'limits':
      return { ...live, limits: action.event };
    case 'message':
    case 'conversation':
    case 'sending':
    case 'campaign':
      return live;
    case 'hub': {
      const { session_manager, code, message, dry_run } = action.event;
      const down = session_manager === 'down';
      return {
        ...live,
        manager: session_manager,
        managerError: down ? { code: code ?? '', message: message ?? '' } : null,
        dryRun: dry_run,
        qr: down ? null : live.qr,
      };
    }
  }
}
