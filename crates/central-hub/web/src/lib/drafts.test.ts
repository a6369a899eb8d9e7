import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { draftOf, forgetDrafts, keepDraft } from './drafts';

const storage = new Map<string, string>();

beforeEach(() => {
  storage.clear();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => storage.get(key) ?? null,
    setItem: (key: string, value: string) => storage.set(key, value),
    removeItem: (key: string) => storage.delete(key),
  });
});
afterEach(() => vi.unstubAllGlobals());

describe('a draft', () => {
  it('belongs to a chat, and is deleted when sent or emptied', () => {
    keepDraft('1', 'hola');
    keepDraft('2', 'chau');
    keepDraft('1', 'hola, ¿cómo');
    expect([draftOf('1'), draftOf('2'), draftOf('3')]).toEqual(['hola, ¿cómo', 'chau', '']);
    keepDraft('1', '  ');
    expect(draftOf('1')).toBe('');
    keepDraft('2', '');
    expect(storage.size).toBe(0);
  });

  it('is deleted at sign-out', () => {
    keepDraft('1', 'hola');
    forgetDrafts();
    expect(draftOf('1')).toBe('');
  });

  it('is limited in number', () => {
    for (let n = 0; n < 60; n += 1) keepDraft(String(n), 'x');
    expect(draftOf('9')).toBe('');
    expect(draftOf('10')).toBe('x');
  });

  it('tolerates invalid and disabled storage', () => {
    for (const text of ['nonsense', '{}', '[1,["a"],["b",2]]']) {
      storage.set('leadmaster-drafts', text);
      expect(draftOf('b')).toBe('');
    }
    vi.stubGlobal('localStorage', undefined);
    keepDraft('1', 'hola');
    expect(draftOf('1')).toBe('');
  });
});
