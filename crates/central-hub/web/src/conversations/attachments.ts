// Pure functions on the list of files to send.

import { typeOf } from '../lib/fileText';

/** The WhatsApp type as which a file is sent. */
export type FileKind = 'image' | 'video' | 'audio' | 'document';

/** Maximum number of files per answer; each is a separate message. */
export const MAX_FILES = 20;

export interface Attachment {
  key: string;
  file: File;
  /** The uploaded fraction, from 0 to 1; null until the upload begins. */
  part: number | null;
  /** The service's id of the file; null until uploaded. */
  fileId: string | null;
  kind: FileKind | null;
  error: Error | null;
}

export const attachmentOf = (key: string, file: File): Attachment => ({
  key,
  file,
  part: null,
  fileId: null,
  kind: null,
  error: null,
});

/** Returns the WhatsApp type for a MIME type that the service detected. */
export function kindFor(mime: string): FileKind {
  const type = typeOf(mime);
  if (['image/jpeg', 'image/png', 'image/webp', 'image/gif'].includes(type)) return 'image';
  if (['video/mp4', 'video/3gpp', 'video/quicktime'].includes(type)) return 'video';
  return type.startsWith('audio/') ? 'audio' : 'document';
}

/** Adds files up to the limit; also returns the number of files over the limit. */
export function added(
  list: readonly Attachment[],
  files: readonly Attachment[],
): { list: Attachment[]; left: number } {
  const room = Math.max(0, MAX_FILES - list.length);
  return { list: [...list, ...files.slice(0, room)], left: Math.max(0, files.length - room) };
}

export const changed = (
  list: readonly Attachment[],
  key: string,
  change: Partial<Attachment>,
): Attachment[] => list.map((attachment) => (attachment.key === key ? { ...attachment, ...change } : attachment));

export const without = (list: readonly Attachment[], key: string): Attachment[] =>
  list.filter((attachment) => attachment.key !== key);

/**
 * Returns the files of a paste or a drop. A copy from a spreadsheet or a text
 * program also carries a picture of the text; such a copy counts as text.
 */
export function filesOf(data: Pick<DataTransfer, 'files' | 'types'> | null): File[] {
  if (!data || data.types.includes('text/plain')) return [];
  return [...data.files];
}
