import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { chatStore, forgetChats } from './chatStore';
import { draftOf, forgetDrafts, keepDraft, restAfter } from './drafts';
import { setOwner } from './owner';

const storage = new Map<string, string>();

beforeEach(() => {
  storage.clear();
  setOwner('ana');
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

  it('is its user’s, who finds it again after somebody else was there', () => {
    keepDraft('1', 'de Ana');
    setOwner('leo');
    expect(draftOf('1')).toBe('');
    keepDraft('1', 'de Leo');
    forgetDrafts();
    setOwner('ana');
    expect(draftOf('1')).toBe('de Ana');
  });

  it('is limited in number', () => {
    for (let n = 0; n < 60; n += 1) keepDraft(String(n), 'x');
    expect(draftOf('9')).toBe('');
    expect(draftOf('10')).toBe('x');
  });

  it('tolerates invalid and disabled storage', () => {
    for (const text of ['nonsense', '{}', '[1,["a"],["b",2]]']) {
      storage.set('leadmaster-drafts:ana', text);
      expect(draftOf('b')).toBe('');
    }
    vi.stubGlobal('localStorage', undefined);
    keepDraft('1', 'hola');
    expect(draftOf('1')).toBe('');
  });
});

describe('the state of a chat', () => {
  it('belongs to the user who began it, and is told to whoever shows it', () => {
    const store = chatStore(() => ({ text: '' }));
    const slot = store.of('1');
    const told = vi.fn();
    const end = slot.subscribe(told);
    slot.set({ text: 'de Ana' });
    expect([store.of('1').get().text, store.of('2').get().text, told.mock.calls.length]).toEqual(['de Ana', '', 1]);
    // What goes on after another user came stays Ana's.
    setOwner('leo');
    slot.set({ text: 'enviado' });
    expect(store.of('1').get().text).toBe('');
    setOwner('ana');
    expect(store.of('1').get().text).toBe('enviado');
    end();
    forgetChats();
    expect([store.of('1').get().text, told.mock.calls.length]).toEqual(['', 2]);
  });
});

describe('what is left of a text that was sent', () => {
  it('is what was typed meanwhile', () => {
    expect(restAfter('Hola', 'Hola')).toBe('');
    expect(restAfter('Hola ', 'Hola')).toBe('');
    expect(restAfter('Hola', 'Hola\n¿Cómo está? ')).toBe('¿Cómo está? ');
    expect(restAfter('Hola', 'Otra cosa')).toBe('Otra cosa');
  });
});
