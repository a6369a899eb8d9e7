import { describe, expect, it } from 'vitest';

import { en } from '../i18n/en';
import { es } from '../i18n/es';
import { cityOf, timestampText, shortTimestampText } from './days';
import { newKey } from './key';
import { checkPhone, formatPhone } from './phone';
import { fractionLeft, relative, secondsLeft } from './time';

describe('checkPhone', () => {
  it.each([
    ['5491158254201', '5491158254201'],
    ['+54 9 11 5825-4201', '+5491158254201'],
    ['11 5825-4201', '1158254201'],
    ['(011) 15 5825.4201', '0111558254201'],
    // Copied from a contact card: no-break spaces, directional marks, a real dash.
    ['\u202a+54\u00a09\u00a011\u00a05825\u20114201\u202c', '+5491158254201'],
    ['\u2066\u200b11\u2060 5825-4201\ufeff', '1158254201'],
  ])('leaves %j to the hub', (input, written) => {
    expect(checkPhone(input)).toEqual({ ok: true, written });
  });

  it.each([
    ['', 'empty'],
    ['  + - ', 'empty'],
    ['cincuenta', 'characters'],
    ['+54 9 11 5825-4201 int 3', 'characters'],
    ['54+91158254201', 'characters'],
  ])('refuses %j: %s', (input, problem) => {
    expect(checkPhone(input)).toEqual({ ok: false, problem });
  });
});

describe('formatPhone', () => {
  it('groups digits and keeps all of them', () => {
    expect(formatPhone('5491158254201')).toBe('+54 9 11 5825-4201');
    expect(formatPhone('5493514123456')).toBe('+54 9 351 412-3456');
    expect(formatPhone('12025550134')).toBe('+12025550134');
    expect(formatPhone('abc@lid')).toBe('abc@lid');
    for (const digits of ['12345678', '123456789012345', '5491158254201']) {
      expect(formatPhone(digits).replace(/\D/g, '')).toBe(digits);
    }
  });
});

describe('the countdown', () => {
  it('rounds up: starts at 20, shows 1 until the end, and is never below 0', () => {
    expect(secondsLeft(20_000, 0)).toBe(20);
    expect(secondsLeft(20_000, 1)).toBe(20);
    expect(secondsLeft(20_000, 19_001)).toBe(1);
    expect(secondsLeft(20_000, 20_000)).toBe(0);
    expect(secondsLeft(20_000, 99_000)).toBe(0);
  });

  it('shrinks from 1 to 0', () => {
    expect(fractionLeft(20_000, 20_000, 0)).toBe(1);
    expect(fractionLeft(20_000, 20_000, 10_000)).toBe(0.5);
    expect(fractionLeft(20_000, 20_000, 30_000)).toBe(0);
    expect(fractionLeft(20_000, 0, 0)).toBe(0);
  });
});

describe('times', () => {
  const now = Date.parse('2026-01-14T13:00:00.000Z');

  it('are relative from a minute on', () => {
    expect(relative('2026-01-14T12:59:31.000Z', now, 'es-AR')).toBeNull();
    expect(relative('2026-01-14T12:55:00.000Z', now, 'es-AR')).toBe('hace 5 minutos');
    expect(relative('2026-01-14T10:00:00.000Z', now, 'en')).toBe('3 hours ago');
    expect(relative('2026-01-11T13:00:00.000Z', now, 'en')).toBe('3 days ago');
    expect(relative('nonsense', now, 'en')).toBeNull();
  });
});

describe('newKey', () => {
  it('never repeats', () => {
    expect(new Set(Array.from({ length: 1000 }, newKey)).size).toBe(1000);
    expect(newKey()).toMatch(/^page-[0-9a-f]{32}$/);
  });
});

describe('formatted timestamps', () => {
  const zone = 'America/Argentina/Buenos_Aires';
  // Sunday, 23:30 local time.
  const now = Date.parse('2026-11-30T02:30:00.000Z');
  const of = (at: string, words: typeof es | typeof en = es) =>
    timestampText(at, now, zone, words.locale, words.dates);

  it('name the days near today, in the business’s zone', () => {
    expect(of('2026-11-30T02:05:36.000Z')).toBe('hoy 23:05');
    expect(of('2026-11-30T03:00:00.000Z')).toBe('mañana 00:00');
    expect(of('2026-11-29T02:59:00.000Z')).toBe('ayer 23:59');
    expect(of('2026-11-30T02:05:36.000Z', en)).toBe('today 23:05');
  });

  it('have weekday and date further away, and the year if it differs', () => {
    expect(of('2026-11-23T19:40:01.000Z')).toBe('lun 23/11 16:40');
    expect(of('2026-12-02T12:49:00.000Z')).toBe('mié 2/12 09:49');
    expect(of('2025-11-23T19:40:01.000Z')).toBe('dom 23/11/25 16:40');
    expect(of('2026-11-23T19:40:01.000Z', en)).toMatch(/^Mon Nov 23 16:40$/);
  });

  it('have a short form', () => {
    const short = (at: string) => shortTimestampText(at, now, zone, es.locale, es.dates);
    expect(short('2026-11-30T02:05:36.000Z')).toBe('23:05');
    expect(short('2026-11-28T15:00:00.000Z')).toBe('ayer');
    expect(short('2026-11-23T19:40:01.000Z')).toBe('lun 23/11');
  });

  it('keep an invalid timestamp as it is', () => {
    expect(of('nonsense')).toBe('nonsense');
    expect(cityOf(zone)).toBe('Buenos Aires');
    expect(cityOf('UTC')).toBe('UTC');
  });
});
