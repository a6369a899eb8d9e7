import { describe, expect, it } from 'vitest';

import { doneOf, inOrder, attentionItemsOf, phaseOf } from './attention';
import type { LimitsEvent } from '../api/types';
import type { AttentionBody, Campaign, Overview } from './types';

const nothing: AttentionBody = {
  fallidos: 0,
  campanias_pausadas: { total: 0, items: [] },
  programaciones: { total: 0, items: [] },
  importaciones: [],
  webhooks: [],
  posibles_bajas: 0,
  grabacion: true,
};

const overview = (
  attention: Partial<AttentionBody>,
  changes: Partial<Overview> = {},
): Overview => ({
  ahora: '2026-11-25T12:00:00.000Z',
  zona: 'UTC',
  dia: '2026-11-25',
  dry_run: false,
  auto_campaigns_enabled: true,
  sesion: { servicio: 'up', estado: 'READY', codigo: null, limites: null },
  semana: { dias: [], respondieron: 0 },
  hoy: {
    enviados: 0,
    entregados: 0,
    leidos: 0,
    fallidos: 0,
    simulados: 0,
    cancelados: 0,
    recibidos: 0,
    en_espera: 0,
  },
  campanias: { total: 0, items: [] },
  programaciones: [],
  atencion: { ...nothing, ...attention },
  respuestas: [],
  hay: { mensajes: false, campanias: false },
  ...changes,
});

const paused = (id: number): Campaign => ({
  id,
  nombre: `C${id}`,
  estado: 'pausada',
  simulacion: false,
  total: 3,
  pendientes: 1,
  en_cola: 1,
  fallidos: 0,
  motivo_pausa: { codigo: 'MANY_FAILURES', detalle: null, por: null, fecha: null },
  espera: null,
});

const kinds = (one: Overview) => attentionItemsOf(one, null).map(({ kind }) => kind);

const limits = (changes: Partial<LimitsEvent>): Partial<Overview> => ({
  sesion: {
    servicio: 'up',
    estado: 'READY',
    codigo: null,
    limites: {
      reach_out: { locked: false, until: null, kind: null },
      new_chats: { status: 'NONE', used: 0, total: null, cycle_end: null },
      first_sync: { complete: true, progress: 100 },
      ...changes,
    },
  },
});

describe('the tasks for a user', () => {
  it('include WhatsApp’s limits', () => {
    const near = { status: 'FIRST_WARNING', used: 80, total: 100, cycle_end: null } as const;
    const until = '2026-11-26T12:00:00.000Z';
    expect(attentionItemsOf(overview({}, limits({})), null)).toEqual([]);
    expect(
      attentionItemsOf(
        overview(
          {},
          limits({ reach_out: { locked: true, until, kind: 'WEB_COMPANION_ONLY' }, new_chats: near }),
        ),
        null,
      ),
    ).toEqual([
      { kind: 'reachOutLocked', until },
      { kind: 'newChatsNear', last: false, used: 80, total: 100 },
    ]);
    expect(
      kinds(overview({}, limits({ new_chats: { ...near, status: 'CAPPED' } }))),
    ).toEqual(['newChatsCapped']);
    const fresh = limits({ first_sync: { complete: false, progress: 40 } });
    expect(kinds(overview({}, fresh))).toEqual(['firstSync']);
    const away = overview({}, fresh);
    away.sesion.estado = 'INIT';
    expect(attentionItemsOf(away, null)).toEqual([]);
  });

  it('begin with the line, and list its limits once', () => {
    const trouble = { kind: 'unlinked', tone: 'bad', way: 'link', cause: '', until: null } as const;
    expect(attentionItemsOf(overview({ fallidos: 1 }), trouble).map(({ kind }) => kind)).toEqual([
      'line',
      'failed',
    ]);
    expect(attentionItemsOf(overview({}), { ...trouble, kind: 'reachOut' })).toEqual([]);
  });

  it('are empty if nothing is wrong', () => {
    expect(attentionItemsOf(overview({}), null)).toEqual([]);
    expect(attentionItemsOf(overview({ webhooks: null }), null)).toEqual([]);
    // The switch does not matter without campaigns.
    expect(attentionItemsOf(overview({}, { auto_campaigns_enabled: false }), null)).toEqual([]);
  });

  it('are in order of urgency', () => {
    const all = overview(
      {
        fallidos: 2,
        campanias_pausadas: { total: 7, items: [paused(1)] },
        programaciones: {
          total: 4,
          items: ['A', 'B', 'A', 'C', 'D'].map((campania_nombre, id) => ({
            id,
            campania_id: id,
            campania_nombre,
          })),
        },
        importaciones: [{ campania_id: 3, campania_nombre: 'X', importacion_id: 9 }],
        webhooks: [
          { id: 1, nombre: 'crm', descartadas: 5, hay_mas: false, motivo: 'GONE' },
          { id: 2, nombre: 'otro', descartadas: 0, hay_mas: false, motivo: 'GONE' },
          { id: 3, nombre: 'bien', descartadas: 0, hay_mas: false, motivo: null },
        ],
        grabacion: false,
      },
      { auto_campaigns_enabled: false, campanias: { total: 1, items: [] } },
    );
    expect(kinds(all)).toEqual([
      'autoOff',
      'paused',
      'morePaused',
      'failed',
      'half',
      'dead',
      'switchedOff',
      'unapproved',
      'recordingOff',
    ]);
    expect(attentionItemsOf(all, null)).toContainEqual({ kind: 'morePaused', count: 6 });
    expect(attentionItemsOf(all, null)).toContainEqual({
      kind: 'unapproved',
      count: 4,
      names: ['A', 'B', 'C'],
    });
  });
});

describe('windows', () => {
  const window = (from: number, to: number) => ({
    inicio: `2026-11-25T${String(from).padStart(2, '0')}:00:00.000Z`,
    fin: `2026-11-25T${String(to).padStart(2, '0')}:00:00.000Z`,
  });
  const at = (hour: number) => Date.parse(window(hour, 23).inicio);

  it('are open from their start, inclusive, to their end, exclusive', () => {
    expect(phaseOf(window(9, 12), at(8))).toBe('next');
    expect(phaseOf(window(9, 12), at(9))).toBe('now');
    expect(phaseOf(window(9, 12), at(12))).toBe('over');
  });

  it('are sorted with open ones first', () => {
    const [early, open, late, later] = [
      window(1, 2),
      window(9, 12),
      window(13, 14),
      window(15, 16),
    ];
    expect(inOrder([later, early, late, open], at(10))).toEqual([open, late, later, early]);
  });
});

describe('progress', () => {
  it('counts recipients with an outcome', () => {
    expect(doneOf(paused(1))).toBe(1);
    expect(doneOf({ total: 0, pendientes: 0, en_cola: 0 })).toBe(0);
  });
});
