import { describe, expect, it } from 'vitest';

import { es } from '../i18n/es';
import { numberOf } from '../lib/phone';
import { inbound } from './message.fixture';
import { businessOf, failureText, heightOf, kindText, rowsOf, withId } from './thread';
import type { Message } from './types';

const message = (id: number, fecha: string, cliente_id: number | null = null): Message => inbound(id, { fecha, cliente_id });

const NIGHT = '2026-03-31T02:59:00.000Z';
const MORNING = '2026-03-31T03:00:00.000Z';

describe('a conversation', () => {
  it('is divided into days of the business’s zone', () => {
    const rows = (zone: string) =>
      rowsOf([message(1, NIGHT), message(2, MORNING), message(3, MORNING)], zone).map(({ key }) => key);
    expect(rows('America/Argentina/Buenos_Aires')).toEqual(['2026-03-30', 1, '2026-03-31', 2, 3]);
    expect(rows('UTC')).toEqual(['2026-03-31', 1, 2, 3]);
    expect(rowsOf([], 'UTC')).toEqual([]);
  });

  it('has estimated row heights', () => {
    const high = (mensaje: string, width = 548) =>
      heightOf(rowsOf([{ ...message(1, NIGHT), mensaje }], 'UTC')[1], width);
    expect(high('Hola')).toBe(65);
    expect(high('uno\ndos\ntres')).toBe(115);
    expect(high('x'.repeat(120))).toBe(115);
    expect(high('x'.repeat(120), 300)).toBeGreaterThan(high('x'.repeat(120)));
    expect(heightOf(rowsOf([message(1, NIGHT)], 'UTC')[0], 548)).toBe(23);
    expect(heightOf(undefined, 0)).toBe(23);
  });

  it('is answered for the business of the newest message', () => {
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

  it('formats numbers and types', () => {
    expect(numberOf(message(1, NIGHT))).toBe('+54 9 11 5825-4201');
    expect(numberOf({ telefono: null, chat: 'x@lid' })).toBe('x@lid');
    expect(kindText(es, 'text')).toBeNull();
    expect(kindText(es, 'ptt')).toBe('Mensaje de voz');
    expect(kindText(es, 'toString')).toBe('Otro contenido (toString)');
  });

  it('says why a message failed', () => {
    const failed: Message = { ...message(1, NIGHT), error: 'INVALID_REQUEST' };
    expect(failureText(es, message(1, NIGHT))).toBeNull();
    expect(failureText(es, failed)).toBe(es.errors['INVALID_REQUEST']);
    const withFile = { ...failed, archivo: 'foto.tiff' };
    expect(failureText(es, withFile)).toBe(es.conversations.attach.refused);
    expect(failureText(es, { ...withFile, error: 'NOT_ON_WHATSAPP' })).toBe(es.errors['NOT_ON_WHATSAPP']);
  });
});
