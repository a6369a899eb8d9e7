import { describe, expect, it } from 'vitest';

import { ApiError } from '../api/http';
import { en } from './en';
import { es } from './es';
import { codeText, errorText, explain } from './lookup';

/** Every key with the kind of what stands there: `scan.steps: array 5`. */
function shape(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return [`${path}: array ${value.length}`];
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([key, inner]) => shape(inner, `${path}.${key}`));
  }
  return [`${path}: ${typeof value}`];
}

function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(texts);
  return [];
}

describe('the dictionaries', () => {
  it('say the same things', () => {
    expect(shape(en).sort()).toEqual(shape(es).sort());
  });

  it('leave nothing empty', () => {
    for (const text of [...texts(es), ...texts(en)]) expect(text.trim()).not.toBe('');
  });
});

describe('codes in words', () => {
  it('translate what is known', () => {
    expect(codeText(es, 'NOT_ON_WHATSAPP', 'x')).toBe('Ese número no tiene WhatsApp.');
    expect(errorText(en, new ApiError('SESSION_NOT_READY', 'x', 503))).toContain('not ready');
    expect(explain(es, 'CHROME_NOT_FOUND', 'x').cure).toContain('apt-get install chromium');
    expect(explain(es, 'CONFLICT', 'x')).toMatchObject({ cure: null });
  });

  it('keep the service’s message for what is new, also for names of Object', () => {
    for (const code of ['SOMETHING_NEW', 'constructor', '__proto__', '']) {
      expect(codeText(es, code, 'as it is')).toBe('as it is');
      expect(explain(es, code, 'as it is')).toEqual({ what: 'as it is', cure: null });
    }
  });
});
