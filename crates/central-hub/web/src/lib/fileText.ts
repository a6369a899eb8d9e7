// Formats a file's size, duration and name.

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;

/** Formats a size: `182 kB`. */
export function sizeText(bytes: number, locale: string): string {
  let size = bytes;
  let at = 0;
  while (size >= 999.5 && at < UNITS.length - 1) {
    size /= 1000;
    at += 1;
  }
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: UNITS[at] ?? 'byte',
    unitDisplay: at === 0 ? 'long' : 'short',
    maximumFractionDigits: at > 1 && size < 10 ? 1 : 0,
  }).format(size);
}

/** Formats a playing time: `0:07`, `1:02:03`. */
export function playText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = Math.trunc(whole / 3600);
  const minutes = Math.trunc(whole / 60) % 60;
  const start = hours > 0 ? `${hours}:${two(minutes)}` : String(minutes);
  return `${start}:${two(whole % 60)}`;
}

/** File extensions for types that arrive without a file name. */
const ENDINGS: Readonly<Record<string, string>> = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/webp': 'webp',
  'image/gif': 'gif',
  'video/mp4': 'mp4',
  'video/3gpp': '3gp',
  'audio/ogg': 'ogg',
  'audio/mpeg': 'mp3',
  'audio/mp4': 'm4a',
  'audio/aac': 'aac',
  'application/pdf': 'pdf',
};

/** Returns a media type without its parameters. */
export const typeOf = (mime: string): string => (mime.split(';')[0] ?? '').trim().toLowerCase();

/** Returns the name under which to save a file: its own, or one derived from its type. */
export function saveName(filename: string | undefined, mime: string, id: number): string {
  if (filename) return filename;
  const type = typeOf(mime);
  const ending = Object.hasOwn(ENDINGS, type) ? `.${ENDINGS[type]}` : '';
  return `whatsapp-${id}${ending}`;
}
