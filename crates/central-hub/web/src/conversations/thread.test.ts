import { describe, expect, it } from 'vitest';

import { es } from '../i18n/es';
import { numberOf } from '../lib/phone';
import { businessOf, byDay, inOrder, kindText, withId } from './thread';
import type { History, Message } from './types';

const message = (id: number, fecha: string, cliente_id: number | null = null): Message => ({
  id,
  direccion: 'entrante',
  telefono: '5491158254201',
  chat: '5491158254201@c.us',
  nombre: null,
  tipo: 'text',
  mensaje: `m${id}`,
  estado: 'recibido',
  cliente_id,
  campañaId: null,
  fecha,
});

const page = (...mensajes: Message[]): History => ({
  telefono: null,
  chat: 'x@lid',
  nombre: null,
  sin_leer: 0,
  sin_responder_desde: null,
  mensajes,
  siguiente: null,
});

const NIGHT = '2026-03-31T02:59:00.000Z';
const MORNING = '2026-03-31T03:00:00.000Z';

describe('a conversation', () => {
  it('is in order, whatever came twice', () => {
    const pages = [page(message(3, MORNING), message(2, MORNING)), page(message(2, MORNING), message(1, NIGHT))];
    expect(inOrder(pages).map((one) => one.id)).toEqual([1, 2, 3]);
  });

  it('is in the order in which it was written, whatever came late', () => {
    const late = message(9, NIGHT);
    expect(inOrder([page(late, message(8, MORNING))]).map((one) => one.id)).toEqual([9, 8]);
  });

  it('has the days of the business', () => {
    const days = byDay([message(1, NIGHT), message(2, MORNING)], 'America/Argentina/Buenos_Aires');
    expect(days.map(({ day, messages }) => [day, messages.length])).toEqual([
      ['2026-03-30', 1],
      ['2026-03-31', 1],
    ]);
    expect(byDay([message(1, NIGHT), message(2, MORNING)], 'UTC')).toHaveLength(1);
  });

  it('is answered for the business that wrote last', () => {
    expect(businessOf([message(1, NIGHT, 51), message(2, NIGHT, 52), message(3, NIGHT)])).toBe(52);
    expect(businessOf([message(1, NIGHT)])).toBeNull();
  });

  it('finds a message by WhatsApp’s id, however its chat is spelled', () => {
    const all = [
      { ...message(1, NIGHT), message_id: 'false_5491158254201@c.us_3A01' },
      { ...message(2, NIGHT), message_id: null },
      { ...message(3, NIGHT), message_id: 'true_88512345678@lid_3EB0A' },
    ];
    expect(withId(all, 'true_5491158254201@c.us_3EB0A')?.id).toBe(3);
    expect(withId(all, '3A01')?.id).toBe(1);
    expect(withId(all, 'true_5491158254201@c.us_3EB0')).toBeUndefined();
  });

  it('names numbers and kinds', () => {
    expect(numberOf(message(1, NIGHT))).toBe('+54 9 11 5825-4201');
    expect(numberOf(page())).toBe('x@lid');
    expect(kindText(es, 'text')).toBeNull();
    expect(kindText(es, 'ptt')).toBe('Mensaje de voz');
    expect(kindText(es, 'toString')).toBe('Otro contenido (toString)');
  });
});
