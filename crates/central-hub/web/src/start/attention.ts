// The tasks that wait for a user, most urgent first.
import type { InboxBody, PauseReason } from '../api/types';
import type { Line } from '../live/line';
import type { Overview } from './types';

export type AttentionItem =
  | { kind: 'waiting'; count: number; more: boolean; since: string | null }
  | { kind: 'line'; trouble: NonNullable<Line['trouble']> }
  | { kind: 'reachOutLocked'; until: string | null }
  | { kind: 'newChatsCapped'; used: number; total: number | null; until: string | null }
  | { kind: 'newChatsNear'; last: boolean; used: number; total: number | null }
  | { kind: 'firstSync'; progress: number | null }
  | { kind: 'autoOff' }
  | { kind: 'paused'; campaign: number; name: string; why: PauseReason | null }
  | { kind: 'morePaused'; count: number }
  | { kind: 'failed'; count: number }
  | { kind: 'half'; campaign: number; name: string }
  | { kind: 'dead'; webhook: number; name: string; count: number; more: boolean }
  | { kind: 'switchedOff'; webhook: number; name: string }
  | { kind: 'unapproved'; count: number; names: string[] }
  | { kind: 'possibleOptOuts'; count: number }
  | { kind: 'recordingOff' };

/** Maximum number of campaigns named in one sentence. */
const MAX_NAMED = 3;

/** Returns WhatsApp's limits that are reached or close. */
function limitsOf({ estado, limites }: Overview['sesion']): AttentionItem[] {
  // The trouble of a line that is not connected is reported instead.
  if (!limites || estado !== 'READY') return [];
  const { reach_out, new_chats, first_sync } = limites;
  const { status, used, total } = new_chats;
  const matters: AttentionItem[] = [];
  if (reach_out.locked) matters.push({ kind: 'reachOutLocked', until: reach_out.until });
  if (status === 'CAPPED')
    matters.push({ kind: 'newChatsCapped', used, total, until: new_chats.cycle_end });
  else if (status !== 'NONE')
    matters.push({ kind: 'newChatsNear', last: status === 'SECOND_WARNING', used, total });
  if (!first_sync.complete) matters.push({ kind: 'firstSync', progress: first_sync.progress });
  return matters;
}

/**
 * Returns the line's trouble, except for WhatsApp's limits, for which the overview
 * has more details.
 */
function lineOf(trouble: Line['trouble']): AttentionItem[] {
  if (!trouble || trouble.kind === 'reachOut' || trouble.kind === 'newChats') return [];
  return [{ kind: 'line', trouble }];
}

/** Returns the unanswered conversations. */
function waitingOf(inbox: InboxBody | undefined): AttentionItem[] {
  if (!inbox || inbox.sin_responder === 0) return [];
  const { sin_responder: count, hay_mas: more, desde: since } = inbox;
  return [{ kind: 'waiting', count, more, since }];
}

export function attentionItemsOf(
  overview: Overview,
  trouble: Line['trouble'],
  inbox?: InboxBody,
): AttentionItem[] {
  const { atencion: a, campanias } = overview;
  const matters: AttentionItem[] = [
    ...lineOf(trouble),
    ...waitingOf(inbox),
    ...limitsOf(overview.sesion),
  ];
  // The switch does not matter without campaigns.
  if (!overview.auto_campaigns_enabled && campanias.total > 0) matters.push({ kind: 'autoOff' });
  for (const { id, nombre, motivo_pausa } of a.campanias_pausadas.items) {
    matters.push({ kind: 'paused', campaign: id, name: nombre, why: motivo_pausa });
  }
  const more = a.campanias_pausadas.total - a.campanias_pausadas.items.length;
  if (more > 0) matters.push({ kind: 'morePaused', count: more });
  if (a.fallidos > 0) matters.push({ kind: 'failed', count: a.fallidos });
  for (const { campania_id, campania_nombre } of a.importaciones) {
    matters.push({ kind: 'half', campaign: campania_id, name: campania_nombre });
  }
  for (const { id, nombre, descartadas, hay_mas, motivo } of a.webhooks ?? []) {
    if (descartadas > 0)
      matters.push({ kind: 'dead', webhook: id, name: nombre, count: descartadas, more: hay_mas });
    else if (motivo !== null) matters.push({ kind: 'switchedOff', webhook: id, name: nombre });
  }
  if (a.programaciones.total > 0) {
    const names = a.programaciones.items.map((item) => item.campania_nombre);
    matters.push({
      kind: 'unapproved',
      count: a.programaciones.total,
      names: [...new Set(names)].slice(0, MAX_NAMED),
    });
  }
  if (a.posibles_bajas > 0) matters.push({ kind: 'possibleOptOuts', count: a.posibles_bajas });
  if (!a.grabacion) matters.push({ kind: 'recordingOff' });
  return matters;
}

export type Phase = 'now' | 'next' | 'over';

/** Returns the phase of a window at a given time. */
export function phaseOf({ inicio, fin }: { inicio: string; fin: string }, now: number): Phase {
  if (now < Date.parse(inicio)) return 'next';
  return now < Date.parse(fin) ? 'now' : 'over';
}

/** Sorts windows: open, upcoming, past; each by start. */
export function inOrder<T extends { inicio: string; fin: string }>(
  windows: readonly T[],
  now: number,
): T[] {
  const rank: Record<Phase, number> = { now: 0, next: 1, over: 2 };
  return windows.toSorted(
    (a, b) =>
      rank[phaseOf(a, now)] - rank[phaseOf(b, now)] ||
      Date.parse(a.inicio) - Date.parse(b.inicio) ||
      Date.parse(a.fin) - Date.parse(b.fin),
  );
}

/** Returns the number of a campaign's recipients with an outcome. */
export const doneOf = ({
  total,
  pendientes,
  en_cola,
}: {
  total: number;
  pendientes: number;
  en_cola: number;
}): number => Math.max(0, total - pendientes - en_cola);
