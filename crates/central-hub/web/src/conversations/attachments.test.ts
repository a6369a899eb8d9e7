import { describe, expect, it } from 'vitest';

import { added, attachmentOf, changed, filesOf, kindFor, MAX_FILES, without } from './attachments';

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

  it('are taken from a paste, unless it contains text', () => {
    const files = [file('image.png')] as unknown as FileList;
    expect(filesOf({ files, types: ['Files'] })).toHaveLength(1);
    expect(filesOf({ files, types: ['text/plain', 'text/html', 'Files'] })).toEqual([]);
    expect(filesOf(null)).toEqual([]);
  });
});
