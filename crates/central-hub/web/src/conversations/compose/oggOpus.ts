// Converts a browser recording into the OGG/Opus file that WhatsApp accepts as a voice
// message. Chromium's recorder writes the same Opus packets into WebM, so only the
// container changes, without re-encoding.
//
// Supports only what a recorder writes (one track, no lacing), which needs a
// hundredth of the code of a library for all of Matroska.

/** Thrown for a file that is not a recording with one Opus track. */
export class NotOpus extends Error {}

const TRACK_ENTRY = 0xae;
const CODEC_PRIVATE = 0x63a2;
const SIMPLE_BLOCK = 0xa3;
const BLOCK = 0xa1;
/** Elements whose children follow: Segment, Tracks, TrackEntry, Cluster, BlockGroup. */
const PARENTS: ReadonlySet<number> = new Set([0x18538067, 0x1654ae6b, TRACK_ENTRY, 0x1f43b675, 0xa0]);
/** The first four bytes of a WebM file. */
const EBML = 0x1a45dfa3;

/** Reads an EBML number at `at`; an id keeps the bit that marks its length. */
function number(bytes: Uint8Array, at: number, isId: boolean): { value: number; end: number; unknown: boolean } {
  const first = bytes[at] ?? 0;
  const length = Math.clz32(first) - 23;
  if (length > 8 || at + length > bytes.length) throw new NotOpus('it ends within a number');
  const marker = 1 << (8 - length);
  let value = isId ? first : first & (marker - 1);
  let unknown = (first & (marker - 1)) === marker - 1;
  for (let n = 1; n < length; n += 1) {
    const byte = bytes[at + n] ?? 0;
    value = value * 256 + byte;
    unknown &&= byte === 0xff;
  }
  return { value, end: at + length, unknown };
}

interface Track {
  /** The `OpusHead` packet. */
  head: Uint8Array;
  packets: Uint8Array[];
}

/** Reads the Opus packets of a WebM file. */
export function readWebm(bytes: Uint8Array): Track {
  if (number(bytes, 0, true).value !== EBML) throw new NotOpus('it is no WebM');
  let head: Uint8Array | null = null;
  const packets: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    const id = number(bytes, at, true);
    const size = number(bytes, id.end, false);
    // The children of a parent follow, even if the parent's size is unknown.
    if (PARENTS.has(id.value)) {
      at = size.end;
      continue;
    }
    if (size.unknown) throw new NotOpus('an element has no end');
    const end = size.end + size.value;
    const content = bytes.subarray(size.end, end);
    // The recorder was stopped within an element.
    if (end > bytes.length) break;
    if (id.value === CODEC_PRIVATE) head = content;
    if (id.value === SIMPLE_BLOCK || id.value === BLOCK) {
      // Track, time (2 bytes), flags, packet.
      const start = number(content, 0, false).end + 3;
      if (((content[start - 1] ?? 0) & 0x06) !== 0) throw new NotOpus('its blocks are laced');
      packets.push(content.subarray(start));
    }
    at = end;
  }
  if (!head || new TextDecoder().decode(head.subarray(0, 8)) !== 'OpusHead') {
    throw new NotOpus('it has no Opus track');
  }
  return { head, packets: packets.filter(({ length }) => length > 0) };
}

const RATE = 48_000;

/** Returns the number of samples in a packet, at 48 kHz (RFC 6716, 3.1). */
export function samplesIn(packet: Uint8Array): number {
  const toc = packet[0] ?? 0;
  const config = toc >> 3;
  const ms =
    config < 12
      ? [10, 20, 40, 60][config & 3]
      : config < 16
        ? [10, 20][config & 1]
        : [2.5, 5, 10, 20][config & 3];
  const frames = [1, 2, 2, (packet[1] ?? 0) & 0x3f][toc & 3] ?? 1;
  return ((ms ?? 20) * frames * RATE) / 1000;
}

const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  return crc >>> 0;
});

function checksum(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) crc = ((crc << 8) ^ (CRC[((crc >>> 24) ^ byte) & 0xff] ?? 0)) >>> 0;
  return crc;
}

/** Returns the lengths of a packet's segments in bytes. */
const segments = ({ length }: Uint8Array): number[] => [
  ...Array<number>(Math.floor(length / 255)).fill(255),
  length % 255,
];

const FIRST = 2;
const LAST = 4;
const SERIAL = 1;

/** Writes an OGG page (RFC 3533). */
function page(packets: readonly Uint8Array[], flags: number, granule: number, sequence: number): Uint8Array {
  const segmentCount = packets.flatMap(segments);
  const size = packets.reduce((sum, { length }) => sum + length, 0);
  const bytes = new Uint8Array(27 + segmentCount.length + size);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode('OggS'));
  bytes[5] = flags;
  view.setBigInt64(6, BigInt(granule), true);
  view.setUint32(14, SERIAL, true);
  view.setUint32(18, sequence, true);
  bytes[26] = segmentCount.length;
  bytes.set(segmentCount, 27);
  let at = 27 + segmentCount.length;
  for (const packet of packets) {
    bytes.set(packet, at);
    at += packet.length;
  }
  view.setUint32(22, checksum(bytes), true);
  return bytes;
}

function tags(): Uint8Array {
  const vendor = new TextEncoder().encode('LeadMaster');
  const bytes = new Uint8Array(16 + vendor.length);
  bytes.set(new TextEncoder().encode('OpusTags'));
  new DataView(bytes.buffer).setUint32(8, vendor.length, true);
  bytes.set(vendor, 12);
  return bytes;
}

/** Writes Opus packets as an OGG file (RFC 7845). */
export function writeOgg({ head, packets }: Track): { pages: Uint8Array[]; seconds: number } {
  if (packets.length === 0) throw new NotOpus('it holds no sound');
  const pages = [page([head], FIRST, 0, 0), page([tags()], 0, 0, 1)];
  let samples = 0;
  let pending: Uint8Array[] = [];
  let pageStart = 0;
  let segmentCount = 0;
  packets.forEach((packet, n) => {
    const more = segments(packet).length;
    if (more > 255) throw new NotOpus('a packet is too long');
    if (segmentCount + more > 255) {
      pages.push(page(pending, 0, samples, pages.length));
      pending = [];
      segmentCount = 0;
      pageStart = samples;
    }
    pending.push(packet);
    segmentCount += more;
    samples += samplesIn(packet);
    const isLast = n === packets.length - 1;
    // Writes one page per second, so that a player can seek.
    if (isLast || samples - pageStart >= RATE) {
      pages.push(page(pending, isLast ? LAST : 0, samples, pages.length));
      pending = [];
      segmentCount = 0;
      pageStart = samples;
    }
  });
  return { pages, seconds: samples / RATE };
}

/** Converts a recording to OGG/Opus; returns an OGG recording unchanged. */
export async function asOggOpus(recorded: Blob): Promise<Blob> {
  const bytes = new Uint8Array(await recorded.arrayBuffer());
  const type = 'audio/ogg; codecs=opus';
  if (new TextDecoder().decode(bytes.subarray(0, 4)) === 'OggS') return new Blob([bytes], { type });
  const { pages } = writeOgg(readWebm(bytes));
  return new Blob(pages as BlobPart[], { type });
}

/**
 * Converts a recording to what WhatsApp takes as a voice message. Safari writes AAC in MP4, which no
 * page can convert: the service does, with ffmpeg.
 */
export async function asVoiceMessage(recorded: Blob): Promise<Blob> {
  if (!recorded.type.startsWith('audio/mp4')) return asOggOpus(recorded);
  if (recorded.size === 0) throw new NotOpus('it is empty');
  return new Blob([recorded], { type: 'audio/mp4' });
}
