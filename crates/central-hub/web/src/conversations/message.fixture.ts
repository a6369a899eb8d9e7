import type { Message } from './types';

/** A text from a contact, for tests. */
export const inbound = (id: number, part: Partial<Message> = {}): Message => ({
  id,
  direccion: 'entrante',
  telefono: '5491158254201',
  chat: '5491158254201@c.us',
  nombre: null,
  tipo: 'text',
  mensaje: `m${id}`,
  estado: 'recibido',
  cliente_id: null,
  campañaId: null,
  fecha: '2026-03-31T12:00:00.000Z',
  ...part,
});
