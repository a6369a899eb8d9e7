import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { draftOf, forgetDrafts, keepDraft } from './drafts';

const kept = new Map<string, string>();

beforeEach(() => {
  kept.clear();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  });
});
afterEach(() => vi.unstubAllGlobals());

describe('a draft', () => {
  it('is each chat’s own, and goes when it is sent or emptied', () => {
    keepDraft('1', 'hola');
    keepDraft('2', 'chau');
    keepDraft('1', 'hola, ¿cómo');
    expect([draftOf('1'), draftOf('2'), draftOf('3')]).toEqual(['hola, ¿cómo', 'chau', '']);
    keepDraft('1', '  ');
    expect(draftOf('1')).toBe('');
    keepDraft('2', '');
    expect(kept.size).toBe(0);
  });

  it('is gone after a sign-out', () => {
    keepDraft('1', 'hola');
    forgetDrafts();
    expect(draftOf('1')).toBe('');
  });

  it('does not pile up', () => {
    for (let n = 0; n < 60; n += 1) keepDraft(String(n), 'x');
    expect(draftOf('9')).toBe('');
    expect(draftOf('10')).toBe('x');
  });

  it('survives nonsense and no storage', () => {
    for (const text of ['nonsense', '{}', '[1,["a"],["b",2]]']) {
      kept.set('leadmaster-drafts', text);
      expect(draftOf('b')).toBe('');
    }
    vi.stubGlobal('localStorage', undefined);
    keepDraft('1', 'hola');
    expect(draftOf('1')).toBe('');
  });
});
