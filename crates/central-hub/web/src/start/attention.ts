// What waits for a person, the most urgent first.
import type { Line } from '../live/line';
import type { Overview } from './types';

export type Matter =
  | { kind: 'line'; trouble: NonNullable<Line['trouble']> }
  | { kind: 'reachOutLocked'; until: string | null }
  | { kind: 'newChatsCapped'; used: number; total: number | null; until: string | null }
  | { kind: 'newChatsNear'; last: boolean; used: number; total: number | null }
  | { kind: 'firstSync'; progress: number | null }
  | { kind: 'autoOff' }
  | { kind: 'paused'; campaign: number; name: string; code: string; detail: string | null }
  | { kind: 'morePaused'; count: number }
  | { kind: 'failed'; count: number }
  | { kind: 'half'; campaign: number; name: string }
  | { kind: 'dead'; webhook: number; name: string; count: number; more: boolean }
  | { kind: 'switchedOff'; webhook: number; name: string }
  | { kind: 'unapproved'; count: number; names: string[] }
  | { kind: 'recordingOff' };

/** So many campaigns are named in one sentence. */
const NAMED = 3;

/** What WhatsApp does not let the account do, or will not soon. */
function limitsOf({ estado, limites }: Overview['sesion']): Matter[] {
  // Of a line that is not connected other things are said.
  if (!limites || estado !== 'READY') return [];
  const { reach_out, new_chats, first_sync } = limites;
  const { status, used, total } = new_chats;
  const matters: Matter[] = [];
  if (reach_out.locked) matters.push({ kind: 'reachOutLocked', until: reach_out.until });
  if (status === 'CAPPED')
    matters.push({ kind: 'newChatsCapped', used, total, until: new_chats.cycle_end });
  else if (status !== 'NONE')
    matters.push({ kind: 'newChatsNear', last: status === 'SECOND_WARNING', used, total });
  if (!first_sync.complete) matters.push({ kind: 'firstSync', progress: first_sync.progress });
  return matters;
}

/** What keeps everything from coming and going; of WhatsApp's limits the overview knows more. */
function lineOf(trouble: Line['trouble']): Matter[] {
  if (!trouble || trouble.kind === 'reachOut' || trouble.kind === 'newChats') return [];
  return [{ kind: 'line', trouble }];
}

export function mattersOf(overview: Overview, trouble: Line['trouble']): Matter[] {
  const { atencion: a, campanias } = overview;
  const matters: Matter[] = [...lineOf(trouble), ...limitsOf(overview.sesion)];
  // Somebody who runs no campaign does not miss them.
  if (!overview.auto_campaigns_enabled && campanias.total > 0) matters.push({ kind: 'autoOff' });
  for (const { id, nombre, motivo_pausa } of a.campanias_pausadas.items) {
    matters.push({
      kind: 'paused',
      campaign: id,
      name: nombre,
      code: motivo_pausa?.codigo ?? '',
      detail: motivo_pausa?.detalle ?? null,
    });
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
      names: [...new Set(names)].slice(0, NAMED),
    });
  }
  if (!a.grabacion) matters.push({ kind: 'recordingOff' });
  return matters;
}

export type Phase = 'now' | 'next' | 'over';

/** Where a window stands at a moment. */
export function phaseOf({ inicio, fin }: { inicio: string; fin: string }, now: number): Phase {
  if (now < Date.parse(inicio)) return 'next';
  return now < Date.parse(fin) ? 'now' : 'over';
}

/** Those that are open, those to come, and those that are over: each as they begin. */
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

/** How many of a campaign are settled. */
export const doneOf = ({
  total,
  pendientes,
  en_cola,
}: {
  total: number;
  pendientes: number;
  en_cola: number;
}): number => Math.max(0, total - pendientes - en_cola);
