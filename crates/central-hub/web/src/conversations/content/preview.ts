import type { Media, Message } from '../types';

/** Returns the preview of a file if it is a small JPEG, as the API specifies. */
export const previewOf = ({ thumbnail }: Media): string | undefined =>
  thumbnail !== undefined && /^data:image\/jpeg;base64,[\w+/=]+$/.test(thumbnail)
    ? thumbnail
    : undefined;

/** Returns the ratio of width to height, limited to what fits into a bubble. */
export function ratioOf({ width, height }: Media): number {
  if (width === undefined || height === undefined || width <= 0 || height <= 0) return 4 / 3;
  return Math.min(2, Math.max(0.6, width / height));
}

/**
 * Returns the URL of a file to show. The browser draws whatever comes for a picture: the hub refuses
 * what is none, or would take gigabytes once drawn.
 */
export const shownUrl = (url: string): string => `${url}?mostrar=1`;

/** Returns whether the file is shown as a picture. */
export const isPicture = ({ media, tipo }: Message): boolean =>
  media !== undefined && tipo !== 'sticker' && media.mime.startsWith('image/') && tipo !== 'document';

/** Returns the messages whose pictures can be viewed large, in their order. */
export const picturesOf = (messages: readonly Message[]): Message[] =>
  messages.filter((message) => isPicture(message) && message.media_url !== undefined);
