import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { beforeAll, describe, expect, it } from 'vitest';
import { Router } from 'wouter';

import { ApiError } from '../../api/http';
import { es } from '../../i18n/es';
import { loadScreenTexts } from '../../i18n/I18nProvider';
import { inbound } from '../message.fixture';
import { summary } from '../thread';
import type { Content, Message } from '../types';
import { fileProblem } from './FileNote';
import { MessageContent } from './MessageContent';
import { Edited, Reactions } from './Parts';
import { isPicture, picturesOf, previewOf, ratioOf } from './preview';

beforeAll(loadScreenTexts);

const CHAT = '5491158254201@c.us';
const JPEG = 'data:image/jpeg;base64,/9j/4AAQ';

const message = (part: Content & Partial<Message>): Message => inbound(812, { nombre: 'Ana', mensaje: '', ...part });

const markup = (node: ReactNode): string =>
  renderToStaticMarkup(
    <MantineProvider>
      <QueryClientProvider client={new QueryClient()}>
        <Router ssrPath="/">{node}</Router>
      </QueryClientProvider>
    </MantineProvider>,
  );

const rendered = (part: Content & Partial<Message>): string =>
  markup(
    <MessageContent message={message(part)} who="Ana" onOpen={() => undefined} onJump={() => undefined} />,
  );

/** Returns the visible text, without the markup. */
const visibleText = (html: string): string =>
  html
    .replaceAll(/<style[^>]*>.*?<\/style>/gs, '')
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();

const URL_OF_FILE = '/api/listener/messages/812/media';
const picture = { mime: 'image/jpeg', width: 1280, height: 960, thumbnail: JPEG, state: 'remote' } as const;
const file = (mime: string, more: object = {}) => ({
  media: { mime, state: 'remote' as const, ...more },
  media_url: URL_OF_FILE,
});

describe('a message with a file', () => {
  it('shows the preview of a picture, and fetches the file only when opened', () => {
    const html = rendered({ tipo: 'image', mensaje: '¿Es esta?', media: picture, media_url: URL_OF_FILE });
    expect(html).toContain(`src="${JPEG}"`);
    expect(html).not.toContain(URL_OF_FILE);
    expect(html).toContain('aria-label="Ver grande: ¿Es esta?"');
    expect(html).toContain('aspect-ratio:1.3333333333333333');
    expect(visibleText(html)).toBe('¿Es esta?');
    expect(rendered({ tipo: 'image', ...file('image/png') })).toContain('aria-label="Ver grande: Imagen"');
  });

  it('accepts only a small JPEG as a preview', () => {
    for (const thumbnail of ['https://evil.example/x.jpg', 'data:image/svg+xml;base64,AAAA', 'data:image/jpeg;base64,AA"onload=x', 'javascript:1'])
      expect(previewOf({ ...picture, thumbnail })).toBeUndefined();
    expect(previewOf(picture)).toBe(JPEG);
  });

  it('limits the aspect ratio of a picture', () => {
    expect(ratioOf({ ...picture, width: 10, height: 100_000 })).toBe(0.6);
    expect(ratioOf({ ...picture, width: 100_000, height: 1 })).toBe(2);
    expect(ratioOf({ ...picture, width: 0, height: 0 })).toBeCloseTo(4 / 3);
  });

  it('explains a missing file and a view-once file', () => {
    const missing = rendered({ tipo: 'image', media: { ...picture, state: 'gone' } });
    expect(visibleText(missing)).toBe('WhatsApp ya no tiene este archivo.');
    expect(missing).toContain(JPEG);
    expect(missing).not.toContain('<button');
    expect(visibleText(rendered({ tipo: 'ptt', media: { mime: 'audio/ogg', state: 'gone' } }))).toBe(
      'Mensaje de voz WhatsApp ya no tiene este archivo.',
    );
    expect(visibleText(rendered({ tipo: 'document', media: { mime: 'application/pdf', filename: 'a.pdf', state: 'gone' } }))).toBe(
      'a.pdf PDF WhatsApp ya no tiene este archivo.',
    );
    const once = rendered({ tipo: 'image', media: picture, view_once: true });
    expect(visibleText(once)).toBe('Imagen Para ver una sola vez: abrilo en el teléfono.');
    expect(visibleText(rendered({ tipo: 'image', view_once: true }))).toBe('Para ver una sola vez: abrilo en el teléfono.');
  });

  it('plays audio and video with the browser’s controls', () => {
    const voice = rendered({ tipo: 'ptt', ...file('audio/ogg; codecs=opus', { seconds: 7, size: 9120 }) });
    expect(voice).toMatch(/<audio[^>]*src="\/api\/listener\/messages\/812\/media\?mostrar=1"[^>]*controls=""[^>]*preload="none"/);
    expect(voice).toContain('aria-label="Mensaje de voz, 0:07"');
    expect(visibleText(voice)).toBe('Mensaje de voz · 0:07');
    const film = rendered({ tipo: 'video', ...file('video/mp4', { seconds: 62, size: 3_100_000, thumbnail: JPEG }) });
    expect(film).toMatch(/<video[^>]*preload="none"/);
    expect(film).toContain(`poster="${JPEG}"`);
    expect(visibleText(film)).toBe('Video · 1:02 · 3,1 MB');
    expect(film).toContain('download="whatsapp-812.mp4"');
    expect(film).toContain('aria-label="Descargar whatsapp-812.mp4"');
  });

  it('offers a document as a download with name and size', () => {
    const html = rendered({ tipo: 'document', mensaje: 'el recibo', ...file('application/pdf', { size: 90_112, filename: 'recibo.pdf' }) });
    expect(html).toMatch(/<a[^>]*href="\/api\/listener\/messages\/812\/media"[^>]*download="recibo.pdf"/);
    expect(visibleText(html)).toBe('Descargar recibo.pdf PDF · 90 kB el recibo');
    // A picture or video sent as a document stays a document, as does a type no browser shows.
    expect(rendered({ tipo: 'document', ...file('image/png', { filename: 'plano.png' }) })).not.toContain('<img');
    expect(visibleText(rendered({ tipo: 'video', ...file('application/x-odd') }))).toBe('Descargar whatsapp-812 X-ODD');
  });

  it('loads a sticker when visible', () => {
    expect(rendered({ tipo: 'sticker', ...file('image/webp') })).toMatch(/<img[^>]*alt="Sticker"[^>]*loading="lazy"/);
  });

  it('explains why a file is not shown', () => {
    const words = (code: string) => fileProblem(es, new ApiError(code, 'as it is'));
    expect(words('FETCH_FAILED')).toBe('No se pudo traer de WhatsApp. Probá de nuevo.');
    expect(words('MEDIA_GONE')).toContain('ya no tiene este archivo');
    expect(words('constructor')).toBe('as it is');
    expect(fileProblem(es, null)).toContain('descargalo');
  });

  it('is opened in a viewer with the conversation’s other pictures', () => {
    const all = [
      message({ id: 1, tipo: 'image', media: picture, media_url: '/1' }),
      message({ id: 2, tipo: 'image', media: { ...picture, state: 'gone' } }),
      message({ id: 3, tipo: 'sticker', ...file('image/webp') }),
      message({ id: 4, tipo: 'document', ...file('image/png') }),
      message({ id: 5, tipo: 'image', media: picture, media_url: '/5' }),
    ];
    expect(picturesOf(all).map(({ id }) => id)).toEqual([1, 5]);
    expect(isPicture(message({}))).toBe(false);
  });
});

describe('a message with other content', () => {
  it('shows a location with a map link', () => {
    const html = rendered({
      tipo: 'location',
      mensaje: 'Obelisco\nAv. 9 de Julio\n-34.6037, -58.3816',
      location: { latitude: -34.6037, longitude: -58.3816, name: 'Obelisco', address: 'Av. 9 de Julio' },
    });
    expect(visibleText(html)).toBe('Obelisco Av. 9 de Julio Ver en el mapa');
    expect(html).toContain('href="https://www.google.com/maps/search/?api=1&amp;query=-34.6037%2C-58.3816"');
    expect(visibleText(rendered({ tipo: 'location', location: { latitude: 0, longitude: 0, live: true } }))).toContain('Ubicación en vivo');
  });

  it('shows contact cards with links to write to the people', () => {
    const html = rendered({
      tipo: 'vcard',
      mensaje: 'Leo Paz +54 9 11 5825-4202',
      contacts: [
        {
          name: 'Leo Paz',
          phones: [{ number: '+54 9 11 5825-4202', whatsapp: '5491158254202' }, { number: '4444-3333' }],
          emails: ['leo@example.com'],
          organization: 'Paz SA',
        },
        { name: '', phones: [] },
      ],
    });
    expect(visibleText(html)).toBe('Leo Paz Paz SA +54 9 11 5825-4202 · Escribirle a Leo Paz 4444-3333 leo@example.com Contacto');
    expect(html).toContain('href="/conversaciones/5491158254202"');
    expect(html).toContain('href="mailto:leo%40example.com"');
  });

  it('shows a poll, an order and a choice', () => {
    const poll = { name: '¿Qué día?', options: ['lunes', 'martes'], multiple: false };
    expect(visibleText(rendered({ tipo: 'poll_creation', mensaje: '¿Qué día?\n- lunes', poll }))).toBe(
      'Encuesta: ¿Qué día? lunes martes Se vota en el teléfono.',
    );
    expect(visibleText(rendered({ tipo: 'poll_creation', poll: { ...poll, multiple: true } }))).toContain('más de una');
    const order = { title: 'Silla', items: 2, total: 1500.5, currency: 'ARS' };
    expect(visibleText(rendered({ tipo: 'order', mensaje: 'Silla × 2', order }))).toMatch(/^Pedido: Silla 2 productos · \$\s1\.500,50$/);
    expect(visibleText(rendered({ tipo: 'order', order: { ...order, currency: 'rubbish' } }))).toContain('1.500,5 rubbish');
    const selected = { text: 'Sí', description: 'quiero' };
    expect(visibleText(rendered({ tipo: 'list_response', mensaje: 'Sí', selected }))).toBe('Eligió: Sí quiero');
  });

  it('shows the advertisement it came from', () => {
    const ad = { source: 'instagram', title: 'Casas', text: 'Tres ambientes', url: 'https://fb.me/x' };
    const html = rendered({ mensaje: 'Hola, vi el aviso', ad });
    expect(visibleText(html)).toBe('Llegó por un aviso de Instagram Casas Tres ambientes Ver el aviso Hola, vi el aviso');
    for (const url of ['javascript:alert(1)', 'no', 'data:text/html,x'])
      expect(rendered({ ad: { ...ad, url } })).not.toContain('href');
    expect(visibleText(rendered({ ad: {} }))).toBe('Llegó por un aviso');
  });

  it('shows the quoted message', () => {
    const quoted = { message_id: `true_${CHAT}_3EB0A`, from_me: true, kind: 'chat', text: '¿La de dos ambientes?' };
    expect(visibleText(rendered({ mensaje: 'sí, esa', quoted }))).toBe(
      'Ir al mensaje que responde: Vos ¿La de dos ambientes? sí, esa',
    );
    expect(visibleText(rendered({ quoted: { ...quoted, from_me: false, kind: 'ptt', text: '' } }))).toContain('Ana Mensaje de voz');
  });

  it('shows that it was forwarded, deleted or a call', () => {
    expect(visibleText(rendered({ mensaje: 'Mirá', forwarded: true }))).toBe('Reenviado Mirá');
    const deleted_at = '2026-03-31T12:02:00.000Z';
    expect(visibleText(rendered({ tipo: 'image', deleted_at }))).toBe('Ana eliminó este mensaje');
    expect(visibleText(rendered({ deleted_at, direccion: 'saliente' }))).toBe('Se eliminó este mensaje para todos');
    expect(visibleText(rendered({ tipo: 'call', video: false }))).toBe('Llamada perdida');
    expect(visibleText(rendered({ tipo: 'call', video: true }))).toBe('Videollamada perdida');
  });

  it('names a type that is not rendered', () => {
    expect(visibleText(rendered({ tipo: 'ciphertext' }))).toBe(es.conversations.kinds['ciphertext']);
    expect(visibleText(rendered({ tipo: 'image', mensaje: 'de antes' }))).toBe('Imagen de antes');
    expect(visibleText(rendered({ tipo: 'odd' }))).toBe('Otro contenido (odd)');
  });

  it('never becomes markup', () => {
    const evil = '<img src=x onerror=alert(1)>';
    const html = rendered({
      mensaje: evil,
      quoted: { message_id: evil, from_me: false, kind: evil, text: evil },
      ad: { source: evil, title: evil, text: evil },
      media: { mime: evil, filename: evil, state: 'remote' },
      media_url: URL_OF_FILE,
    });
    expect(html).not.toContain('<img src=x');
  });
});

describe('changes of a message', () => {
  it('include earlier texts, folded until opened', () => {
    const html = markup(
      <Edited zone="UTC" edits={[{ text: 'Mañana a las *10*', at: '2026-03-31T12:01:00.000Z' }]} />,
    );
    expect(html).toContain('aria-expanded="false"');
    expect(html).toMatch(/hidden=""/);
    expect(visibleText(html)).toBe('Editado Antes decía Mañana a las 10 hasta las 12:01');
  });

  it('include reactions and their authors', () => {
    const at = '2026-03-31T12:03:00.000Z';
    const reactions = [
      { emoji: '👍', from: CHAT, at },
      { emoji: '❤️', from: '5491100000000@c.us', at },
    ];
    const html = markup(<Reactions reactions={reactions} chat={CHAT} who="Ana" />);
    expect(html).toContain('aria-label="Reacciones"');
    expect(visibleText(html)).toBe('👍 , de Ana ❤️ , de Vos');
  });

  it('are summarized in one line for the list', () => {
    const line = (part: Content & Partial<Message>) => summary(es, message(part));
    expect(line({ mensaje: 'Hola' })).toBe('Hola');
    expect(line({ tipo: 'call', video: true })).toBe('Videollamada perdida');
    expect(line({ tipo: 'image', deleted_at: '2026-03-31T12:02:00.000Z' })).toBe('Mensaje eliminado');
    expect(line({ tipo: 'document', ...file('application/pdf', { filename: 'recibo.pdf' }) })).toBe('Documento: recibo.pdf');
    expect(line({ tipo: 'ptt', ...file('audio/ogg') })).toBe('Mensaje de voz');
    const sent = { direccion: 'saliente', archivo: 'plano.pdf' } as const;
    expect(line({ ...sent, tipo: 'document' })).toBe('Documento: plano.pdf');
    expect(line({ direccion: 'saliente', tipo: 'audio', voz: true })).toBe('Mensaje de voz');
  });

  it('include the file name or the voice mark of a message sent from here', () => {
    const sent = { direccion: 'saliente', archivo: 'plano.pdf' } as const;
    expect(visibleText(rendered({ ...sent, tipo: 'document', mensaje: 'Acá va' }))).toBe('Documento plano.pdf Acá va');
    expect(visibleText(rendered({ direccion: 'saliente', tipo: 'audio', voz: true }))).toBe('Mensaje de voz');
  });
});
