import { describe, expect, it } from 'vitest';

import type { Message } from '../types';
import { canAnswer, canDelete, canEdit, canReact, ownReaction } from './limits';

const NOW = Date.parse('2026-03-31T12:00:00.000Z');
const MINUTE = 60_000;

const message = (part: Partial<Message>, minutes = 1): Message => ({
  id: 1,
  message_id: 'true_5491158254201@c.us_3EB0A',
  direccion: 'saliente',
  telefono: '5491158254201',
  chat: '5491158254201@c.us',
  nombre: null,
  tipo: 'text',
  mensaje: 'hola',
  estado: 'entregado',
  cliente_id: null,
  campañaId: null,
  fecha: new Date(NOW - minutes * MINUTE).toISOString(),
  ...part,
});

describe('the actions on a message', () => {
  it('end with WhatsApp’s time limits', () => {
    expect(canEdit(message({}, 14), NOW)).toBe(true);
    expect(canEdit(message({}, 15), NOW)).toBe(false);
    expect(canDelete(message({}, 60 * 60 - 1), NOW)).toBe(true);
    expect(canDelete(message({}, 60 * 60), NOW)).toBe(false);
  });

  it('allow edit and delete only for own messages that WhatsApp has', () => {
    const inbound = message({ direccion: 'entrante', estado: 'recibido' });
    for (const one of [
      inbound,
      message({ estado: 'pendiente', message_id: null }),
      message({ estado: 'simulado', message_id: 'dry-run-1' }),
      message({ deleted_at: '2026-03-31T12:00:00.000Z' }),
    ]) {
      expect(canEdit(one, NOW)).toBe(false);
      expect(canDelete(one, NOW)).toBe(false);
    }
    expect(canAnswer(inbound)).toBe(true);
    expect(canAnswer(message({}))).toBe(true);
    expect(canAnswer(message({ direccion: 'entrante', tipo: 'call' }))).toBe(false);
    expect(canAnswer(message({ direccion: 'entrante', message_id: null }))).toBe(false);
  });

  it('allow a reaction to what is said by either side', () => {
    for (const one of [message({}), message({ direccion: 'entrante', estado: 'recibido' }), message({}, 1e6)]) {
      expect(canReact(one)).toBe(true);
    }
    for (const one of [
      message({ direccion: 'entrante', tipo: 'call' }),
      message({ tipo: 'reaction' }),
      message({ estado: 'pendiente', message_id: null }),
      message({ direccion: 'entrante', deleted_at: '2026-03-31T12:00:00.000Z' }),
    ]) {
      expect(canReact(one)).toBe(false);
    }
  });

  it('know the own reaction from the contact’s', () => {
    const at = '2026-03-31T12:00:00.000Z';
    const theirs = { emoji: '😂', from: '5491158254201@c.us', at };
    expect(ownReaction(message({}))).toBeUndefined();
    expect(ownReaction(message({ reactions: [theirs] }))).toBeUndefined();
    expect(ownReaction(message({ reactions: [theirs, { emoji: '👍', from: 'me', at }] }))).toBe('👍');
  });

  it('allow edit only for messages with text', () => {
    expect(canEdit(message({ tipo: 'image', mensaje: '' }), NOW)).toBe(false);
    expect(canEdit(message({ tipo: 'image', mensaje: 'La casa' }), NOW)).toBe(true);
    expect(canEdit(message({ tipo: 'location' }), NOW)).toBe(false);
    expect(canDelete(message({ tipo: 'location' }), NOW)).toBe(true);
  });
});
