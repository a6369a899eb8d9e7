import { describe, expect, it } from 'vitest';

import { asOggOpus, NotOpus, readWebm, samplesIn, writeOgg } from './oggOpus';

const ascii = (text: string): number[] => [...new TextEncoder().encode(text)];

/** Builds an EBML element; without content its size is unknown, as in a recording. */
function element(id: number[], content: number[] | null): number[] {
  if (content === null) return [...id, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
  return [...id, 0x40 | (content.length >> 8), content.length & 0xff, ...content];
}

const HEAD = [...ascii('OpusHead'), 1, 1, 0x38, 0x01, 0x80, 0xbb, 0, 0, 0, 0, 0];
/** Builds a packet with 20 ms of CELT. */
const packet = (length: number, fill = 7): number[] => [0xf8, ...Array<number>(length - 1).fill(fill)];
const block = (content: number[], flags = 0x80): number[] =>
  element([0xa3], [0x81, 0, 0, flags, ...content]);

function webm(blocks: number[][], head = HEAD): Uint8Array {
  const codec = element([0x86], ascii('A_OPUS'));
  const audio = element([0xe1], element([0x9f], [1]));
  const track = element([0xae], [...codec, ...element([0x63, 0xa2], head), ...audio]);
  return Uint8Array.from([
    ...element([0x1a, 0x45, 0xdf, 0xa3], element([0x42, 0x82], ascii('webm'))),
    ...element([0x18, 0x53, 0x80, 0x67], null),
    ...element([0x15, 0x49, 0xa9, 0x66], element([0x4d, 0x80], ascii('Chrome'))),
    ...element([0x16, 0x54, 0xae, 0x6b], track),
    ...blocks.flatMap((item, n) => [
      ...(n % 3 === 0 ? [...element([0x1f, 0x43, 0xb6, 0x75], null), ...element([0xe7], [n])] : []),
      ...item,
    ]),
  ]);
}

interface Page {
  flags: number;
  granule: bigint;
  sequence: number;
  packets: Uint8Array[];
}

/** Parses an OGG file, and verifies each page's checksum as defined in RFC 3533. */
function readOgg(file: Uint8Array): Page[] {
  const pages: Page[] = [];
  for (let at = 0; at < file.length; ) {
    const view = new DataView(file.buffer, file.byteOffset + at);
    expect(new TextDecoder().decode(file.subarray(at, at + 4))).toBe('OggS');
    const count = view.getUint8(26);
    const table = [...file.subarray(at + 27, at + 27 + count)];
    const size = 27 + count + table.reduce((sum, item) => sum + item, 0);
    const copy = file.slice(at, at + size);
    copy.fill(0, 22, 26);
    let crc = 0n;
    for (const byte of copy) {
      crc ^= BigInt(byte) << 24n;
      for (let bit = 0; bit < 8; bit += 1) crc = (crc << 1n) ^ (crc & 0x80000000n ? 0x104c11db7n : 0n);
    }
    expect(view.getUint32(22, true)).toBe(Number(crc));
    const packets: Uint8Array[] = [];
    let start = at + 27 + count;
    let length = 0;
    for (const item of table) {
      length += item;
      if (item === 255) continue;
      packets.push(file.subarray(start, start + length));
      start += length;
      length = 0;
    }
    expect(length).toBe(0);
    pages.push({ flags: view.getUint8(5), granule: view.getBigInt64(6, true), sequence: view.getUint32(18, true), packets });
    at += size;
  }
  return pages;
}

const bytesOf = async (blob: Blob): Promise<Uint8Array> => new Uint8Array(await blob.arrayBuffer());

describe('a recording as OGG/Opus', () => {
  it('has the same packets after the header, and a page per second', async () => {
    const packets = Array.from({ length: 120 }, (_, n) => packet(n === 60 ? 600 : 40 + n, n));
    const ogg = await asOggOpus(new Blob([webm(packets.map((item) => block(item))) as BlobPart]));
    expect(ogg.type).toBe('audio/ogg; codecs=opus');
    const [head, tags, ...sound] = readOgg(await bytesOf(ogg));
    expect([head?.flags, [...(head?.packets[0] ?? [])]]).toEqual([2, HEAD]);
    expect(new TextDecoder().decode(tags?.packets[0]?.subarray(0, 8))).toBe('OpusTags');
    expect(sound.flatMap((item) => item.packets).map((item) => [...item])).toEqual(packets);
    // Packets of 20 ms: 50 per second.
    expect(sound.map(({ granule }) => granule)).toEqual([48_000n, 96_000n, 115_200n]);
    expect(sound.map(({ flags }) => flags)).toEqual([0, 0, 4]);
    expect([head, tags, ...sound].map((item) => item?.sequence)).toEqual([0, 1, 2, 3, 4]);
  });

  it('splits packets over pages', () => {
    const packets = Array.from({ length: 40 }, () => Uint8Array.from(packet(2_550)));
    const { pages, seconds } = writeOgg({ head: Uint8Array.from(HEAD), packets });
    const read = pages.flatMap((item) => readOgg(item));
    expect(read.slice(2).map((item) => item.packets.length)).toEqual([23, 17]);
    expect(seconds).toBe(0.8);
  });

  it('is unchanged if the browser writes OGG', async () => {
    const { pages } = writeOgg({ head: Uint8Array.from(HEAD), packets: [Uint8Array.from(packet(20))] });
    const own = new Blob(pages as BlobPart[]);
    expect(await bytesOf(await asOggOpus(own))).toEqual(await bytesOf(own));
  });

  it('omits an unfinished element', () => {
    const whole = webm([block(packet(50)), block(packet(60))]);
    expect(readWebm(whole.subarray(0, whole.length - 9)).packets).toHaveLength(1);
  });

  it('rejects other files', async () => {
    const cases: [string, Uint8Array][] = [
      ['nothing', new Uint8Array()],
      ['text', Uint8Array.from(ascii('hola, esto no es'))],
      ['no sound', webm([])],
      ['Vorbis', webm([block(packet(50))], ascii('vorbis-head'))],
      ['laced', webm([block(packet(50), 0x82)])],
    ];
    for (const [what, bytes] of cases) {
      await expect(asOggOpus(new Blob([bytes as BlobPart])), what).rejects.toThrow(NotOpus);
    }
  });
});

describe('a packet', () => {
  it('has a duration', () => {
    const ms = (toc: number, second = 0) => samplesIn(Uint8Array.from([toc, second])) / 48;
    // SILK 60 ms; hybrid 10 ms; CELT 2.5 ms; two frames of 20 ms; three frames with a frame count.
    expect([ms(3 << 3), ms(12 << 3), ms(16 << 3), ms((31 << 3) | 1), ms((31 << 3) | 3, 3)]).toEqual([60, 10, 2.5, 40, 60]);
  });
});
