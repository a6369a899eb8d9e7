// Pure functions on the list of files to send.

import { ApiError } from '../api/http';
import { typeOf } from '../lib/fileText';

/** The WhatsApp type as which a file is sent. */
export type FileKind = 'image' | 'video' | 'audio' | 'document';

/** Maximum number of files per answer; each is a separate message. */
export const MAX_FILES = 20;

export interface Attachment {
  key: string;
  file: File;
  /** The name that the recipient sees. */
  name: string;
  /** The uploaded fraction, from 0 to 1; null until the upload begins. */
  part: number | null;
  /** The service's id of the file; null until uploaded. */
  fileId: string | null;
  kind: FileKind | null;
  error: Error | null;
}

/** `motivo` of a file that phones do not show, and that the service cannot convert. */
export const FILE_NOT_CONVERTIBLE = 'FILE_NOT_CONVERTIBLE';

export const attachmentOf = (key: string, file: File): Attachment => ({
  key,
  file,
  name: nameFor(file.name),
  part: null,
  fileId: null,
  kind: null,
  error: null,
});

/** The longest name of a file, in bytes. */
const MAX_NAME_BYTES = 255;
const bytesIn = (text: string): number => new TextEncoder().encode(text).length;

/** Zero-width joiners and variation selectors. */
const JOINERS: ReadonlySet<string> = new Set(['\u200c', '\u200d', '\ufe0e', '\ufe0f']);
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\u2028\u2029\u2800\ufff9-\ufffb]/u;

/**
 * Returns a file's name as the service takes it (`check_filename`). Some programs write characters
 * into names that nobody sees, and not all systems have the same limit for the length.
 */
export function nameFor(name: string): string {
  const kept: string[] = [];
  for (const char of name) {
    const before = kept.at(-1);
    if (JOINERS.has(char)) {
      // They shape an emoji, a keycap, or a letter outside ASCII.
      const shapes = before !== undefined && (/[^\0-\x7f]/.test(before) || (char === '\ufe0f' && /\d/.test(before)));
      if (shapes) kept.push(char);
    } else if (/[\p{Cc}/\\]/u.test(char)) kept.push('_');
    else if (!INVISIBLE.test(char)) kept.push(char);
  }
  const seen = kept.join('').trim();
  if (/^\.*$/.test(seen)) return 'archivo';
  // The extension tells the phone how to open the file.
  const ending = /[^.](\.[^.\s]{1,15})$/u.exec(seen)?.[1] ?? '';
  const begin = Array.from(seen.slice(0, seen.length - ending.length));
  while (bytesIn(begin.join('') + ending) > MAX_NAME_BYTES) begin.pop();
  return begin.join('') + ending;
}

/** Returns the code that says why a file was refused. */
export function refusalOf(error: Error): string | null {
  if (!(error instanceof ApiError)) return null;
  const { motivo } = error.details;
  return typeof motivo === 'string' ? motivo : error.code;
}

/** Returns the WhatsApp type for a MIME type that the service detected. */
export function kindFor(mime: string): FileKind {
  const type = typeOf(mime);
  if (['image/jpeg', 'image/png', 'image/webp', 'image/gif'].includes(type)) return 'image';
  if (['video/mp4', 'video/3gpp', 'video/quicktime'].includes(type)) return 'video';
  return type.startsWith('audio/') ? 'audio' : 'document';
}

/** What was not added, and why. */
export interface NotAdded {
  /** Number of files over the limit. */
  left: number;
  /** The names of empty files, which WhatsApp does not send. */
  empty: readonly string[];
}

export const ALL_ADDED: NotAdded = { left: 0, empty: [] };

/** Adds files up to the limit. */
export function added(
  list: readonly Attachment[],
  files: readonly Attachment[],
): { list: Attachment[] } & NotAdded {
  const room = Math.max(0, MAX_FILES - list.length);
  const sound = files.filter(({ file }) => file.size > 0);
  return {
    list: [...list, ...sound.slice(0, room)],
    left: Math.max(0, sound.length - room),
    empty: files.filter(({ file }) => file.size === 0).map(({ name }) => name),
  };
}

export const changed = (
  list: readonly Attachment[],
  key: string,
  change: Partial<Attachment>,
): Attachment[] => list.map((attachment) => (attachment.key === key ? { ...attachment, ...change } : attachment));

export const without = (list: readonly Attachment[], key: string): Attachment[] =>
  list.filter((attachment) => attachment.key !== key);

/**
 * Returns the files of a paste. A copy from a spreadsheet or a text program also carries a picture
 * of the text, and counts as text. A file manager (Finder, GNOME) puts the names of the files
 * beside them as plain text, and a browser the address of a copied picture as HTML.
 */
export function filesOf(data: Pick<DataTransfer, 'files' | 'types'> | null): File[] {
  if (!data) return [];
  const { types } = data;
  const isText = types.includes('text/plain') && ['text/html', 'text/rtf'].some((type) => types.includes(type));
  return isText && data.files.length === 1 ? [] : [...data.files];
}
