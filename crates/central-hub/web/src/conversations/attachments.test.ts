import { describe, expect, it } from 'vitest';

import { added, attachmentOf, changed, filesOf, kindFor, MAX_FILES, nameFor, without } from './attachments';

const file = (name: string) => new File(['x'], name);
const attachmentsOf = (count: number) => Array.from({ length: count }, (_, n) => attachmentOf(`k${n}`, file(`${n}.txt`)));

describe('files to send', () => {
  it('are sent as the type that the service detected', () => {
    expect(['image/jpeg', 'image/webp', 'image/gif'].map(kindFor)).toEqual(['image', 'image', 'image']);
    expect(kindFor('video/mp4')).toBe('video');
    expect(kindFor('audio/ogg; codecs=opus')).toBe('audio');
    for (const other of ['image/svg+xml', 'image/heic', 'video/webm', 'application/pdf', '', 'text/html'])
      expect(kindFor(other)).toBe('document');
  });

  it('are limited in number', () => {
    expect(added([], attachmentsOf(3))).toMatchObject({ left: 0, list: { length: 3 } });
    expect(added(attachmentsOf(MAX_FILES - 1), attachmentsOf(3))).toMatchObject({ left: 2, list: { length: MAX_FILES } });
    expect(added(attachmentsOf(MAX_FILES), attachmentsOf(1)).left).toBe(1);
  });

  it('are changed and removed one by one', () => {
    const list = changed(attachmentsOf(2), 'k1', { part: 0.5 });
    expect(list.map(({ part }) => part)).toEqual([null, 0.5]);
    expect(without(list, 'k0').map(({ key }) => key)).toEqual(['k1']);
  });

  it('are not added if they are empty', () => {
    const nothing = attachmentOf('e', new File([], 'vacío.txt'));
    const { list, empty, left } = added([], [nothing, ...attachmentsOf(1)]);
    expect([list.map(({ key }) => key), empty, left]).toEqual([['k0'], ['vacío.txt'], 0]);
  });

  it('are taken from a paste, also with their names beside them, unless it is a text with its picture', () => {
    const list = (...names: string[]) => names.map(file) as unknown as FileList;
    expect(filesOf({ files: list('image.png'), types: ['Files'] })).toHaveLength(1);
    // Finder and GNOME.
    expect(filesOf({ files: list('casa.jpg'), types: ['text/plain', 'Files'] })).toHaveLength(1);
    expect(filesOf({ files: list('a.jpg', 'b.jpg'), types: ['text/plain', 'text/html', 'Files'] })).toHaveLength(2);
    // A picture copied in a browser.
    expect(filesOf({ files: list('image.png'), types: ['text/html', 'Files'] })).toHaveLength(1);
    for (const rich of ['text/html', 'text/rtf'])
      expect(filesOf({ files: list('image.png'), types: ['text/plain', rich, 'Files'] })).toEqual([]);
    expect(filesOf(null)).toEqual([]);
  });
});

describe('the name of a file', () => {
  it('stays as it is if the service takes it', () => {
    for (const name of ['precios 2026.csv', 'año_é.pdf', '👩‍💻.png', '1️⃣.txt', 'نمی‌خواهم.pdf', '.env', 'a..b'])
      expect(nameFor(name)).toBe(name);
  });

  it('loses what the service refuses', () => {
    expect(nameFor('\u200efoto\u200b.jpg')).toBe('foto.jpg');
    expect(nameFor('factura\u202efdp.exe')).toBe('facturafdp.exe');
    expect(nameFor('a\u200d.txt')).toBe('a.txt');
    expect(nameFor('a/b\\c\n.txt')).toBe('a_b_c_.txt');
    expect(nameFor(' .. ')).toBe('archivo');
    expect(nameFor('\u200e')).toBe('archivo');
  });

  it('is shortened before its extension', () => {
    const short = nameFor(`${'ñ'.repeat(200)}.pdf`);
    expect(new TextEncoder().encode(short).length).toBeLessThanOrEqual(255);
    expect(short).toMatch(/^ñ{125}\.pdf$/);
  });
});
