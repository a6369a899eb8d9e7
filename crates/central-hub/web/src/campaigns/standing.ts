// Whether a campaign is sending now, and if not, every reason.
import type { LimitsEvent, Timestamp } from '../api/types';
import type { View } from '../live/view';
import type { Campaign } from './types';

export type Reason =
  | { kind: 'stopped' | 'rehearsalLock' | 'campaignsOff' | 'notReady' | 'firstSync' | 'noSchedule' | 'notApproved' }
  | {
      kind: 'reachOut' | 'newChats' | 'outsideHours' | 'quota' | 'notYet';
      until: Timestamp | null;
    };

export type Standing =
  | { kind: 'idle' }
  | { kind: 'sending'; next: Timestamp | null }
  | { kind: 'testing' }
  | { kind: 'waiting'; reasons: Reason[] };

/** Server state that affects a campaign; fields are null while unknown. */
export interface SendingContext {
  dryRun: boolean | null;
  /** Whether all sending is stopped. */
  stopped: boolean | null;
  /** Whether campaigns are enabled on the server. */
  campaignsOn: boolean | null;
  line: View['kind'];
  limits: LimitsEvent | null;
  /** Number of the campaign's schedules, and number of its approved schedules. */
  schedules: { total: number; approved: number } | null;
}

/** The line states in which campaigns wait. */
const DOWN: ReadonlySet<View['kind']> = new Set([
  'away',
  'idle',
  'starting',
  'scan',
  'passkey',
  'syncing',
  'disconnected',
  'failed',
]);

/** Converts the obstacle that the server reported. */
function fromWait({ codigo, hasta: until }: NonNullable<Campaign['espera']>): Reason | null {
  switch (codigo) {
    case 'SENDING_STOPPED':
      return { kind: 'stopped' };
    case 'DRY_RUN':
      return { kind: 'rehearsalLock' };
    case 'AUTO_CAMPAIGNS_DISABLED':
      return { kind: 'campaignsOff' };
    case 'SESSION_NOT_READY':
      return { kind: 'notReady' };
    case 'FIRST_SYNC':
      return { kind: 'firstSync' };
    case 'NO_APPROVED_SCHEDULE':
      return { kind: 'notApproved' };
    case 'REACH_OUT_LOCKED':
      return { kind: 'reachOut', until };
    case 'NEW_CHATS_CAPPED':
      return { kind: 'newChats', until };
    case 'OUTSIDE_HOURS':
      return { kind: 'outsideHours', until };
    case 'DAILY_QUOTA_REACHED':
      return { kind: 'quota', until };
    case 'NOT_YET':
      return { kind: 'notYet', until };
    default:
      return null;
  }
}

/** Returns whether a campaign sends, or all reasons why not, so that the user sees them at once. */
export function standingOf(
  campaign: Pick<Campaign, 'estado' | 'simulacion' | 'espera'>,
  context: SendingContext,
): Standing {
  if (campaign.estado !== 'en_progreso') return { kind: 'idle' };
  const { espera, simulacion } = campaign;
  const real = simulacion !== true;
  const reasons: Reason[] = [];
  // A dry run sends nothing, so neither the lock nor the phone blocks it.
  if (real && context.stopped) reasons.push({ kind: 'stopped' });
  if (real && context.dryRun) reasons.push({ kind: 'rehearsalLock' });
  if (context.campaignsOn === false) reasons.push({ kind: 'campaignsOff' });
  if (real && DOWN.has(context.line)) reasons.push({ kind: 'notReady' });
  if (real && context.limits) {
    const { reach_out, new_chats, first_sync } = context.limits;
    if (reach_out.locked) reasons.push({ kind: 'reachOut', until: reach_out.until });
    if (new_chats.status === 'CAPPED') reasons.push({ kind: 'newChats', until: new_chats.cycle_end });
    if (!first_sync.complete) reasons.push({ kind: 'firstSync' });
  }
  const { schedules } = context;
  if (schedules?.total === 0) reasons.push({ kind: 'noSchedule' });
  else if (schedules?.approved === 0) reasons.push({ kind: 'notApproved' });
  const reported = espera && fromWait(espera);
  const isListed = (kind: Reason['kind']) => reasons.some((reason) => reason.kind === kind);
  if (reported && !isListed(reported.kind) && !(reported.kind === 'notApproved' && isListed('noSchedule'))) {
    // Drops a reported obstacle that has been cleared since.
    const over =
      (reported.kind === 'notApproved' && schedules !== null) ||
      (reported.kind === 'stopped' && context.stopped === false) ||
      (reported.kind === 'campaignsOff' && context.campaignsOn === true) ||
      (reported.kind === 'rehearsalLock' && context.dryRun === false);
    if (!over) reasons.push(reported);
  }
  if (reasons.length > 0) return { kind: 'waiting', reasons };
  if (!real) return { kind: 'testing' };
  return { kind: 'sending', next: espera?.codigo === 'PAUSE' ? espera.hasta : null };
}
