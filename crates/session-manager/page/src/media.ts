// Fetches incoming files through wa-js, and passes them on in pieces.
//
//   media_open(id) ──> wa-js downloads and decrypts ──> a blob, kept under a token
//   media_read(token, offset) ──> a piece as base64, repeatedly
//   media_close(token)
//
// The browser process stores a blob, and moves large ones to disk.

import { hasMedia } from "./content";
import { BridgeError } from "./errors";
import { bothIds, findMessage, tools } from "./lookup";
import { type Model, attempt, serialized } from "./wa";

export interface OpenArgs {
  /** WhatsApp's full message id. */
  id: string;
  /** The maximum size to fetch, in bytes. */
  most: number;
}

const blobs = new Map<string, Blob>();
/** The maximum number of open files. More are left over from a service that went away midway. */
const MOST_BLOBS = 8;
let opened = 0;

/** The stages of a file that can no longer be fetched. */
const GONE = /MISSING|NEED_POKE|UNSUPPORTED|TOO_LARGE/;

const gone = (): BridgeError =>
  new BridgeError("MEDIA_GONE", "WhatsApp has this file no more: the phone may still have it");

async function download(WPP: any, msg: Model): Promise<Blob> {
  const stage = (): string => String(attempt<unknown>(() => msg.mediaData.mediaStage, ""));
  try {
    const blob: unknown = await WPP.chat.downloadMedia(serialized(msg.id));
    if (blob instanceof Blob) return blob;
  } catch (error) {
    if (GONE.test(stage()) || /40[34]|410/.test(String((error as any)?.status ?? ""))) throw gone();
    if (stage() === "REUPLOADING") throw new BridgeError("FAILED", "the phone is asked for the file once more: try again later");
    throw new BridgeError("FAILED", `the file could not be fetched (${String((error as any)?.code ?? (error as any)?.message ?? "no reason")})`);
  }
  throw GONE.test(stage()) ? gone() : new BridgeError("FAILED", "the page gave no file");
}

export async function openMedia({ id, most }: OpenArgs): Promise<{ token: string; size: number }> {
  const WPP = tools();
  const [own, chat = "", key = ""] = id.split("_");
  // The chat may be addressed by number or by LID, and by the other one when the message was
  // written.
  const msg = await findMessage(WPP, [chat, ...bothIds(WPP, chat)], key, [own === "true"]);
  if (!msg) throw new BridgeError("MESSAGE_NOT_FOUND", "the page does not have this message");
  if (!hasMedia(msg)) throw gone();
  if (Number(msg.size ?? 0) > most) throw new BridgeError("TOO_LARGE", `the file is said to have ${msg.size} bytes`);
  const blob = await download(WPP, msg);
  if (blob.size > most) throw new BridgeError("TOO_LARGE", `the file has ${blob.size} bytes`);
  const token = String(++opened);
  blobs.set(token, blob);
  if (blobs.size > MOST_BLOBS) blobs.delete(blobs.keys().next().value!);
  return { token, size: blob.size };
}

export async function readMedia({ token, offset, length }: { token: string; offset: number; length: number }): Promise<string> {
  const blob = blobs.get(token);
  if (!blob) throw new BridgeError("FAILED", "the file is not open any more");
  const reader = new FileReader();
  // The browser process reads and encodes the piece, so the page's thread only gets text.
  const url = await new Promise<string>((resolve, reject) => {
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(new BridgeError("FAILED", "the browser could not read the file"));
    reader.readAsDataURL(blob.slice(offset, offset + length));
  });
  return url.slice(url.indexOf(",") + 1);
}

export function closeMedia({ token }: { token: string }): null {
  blobs.delete(token);
  return null;
}
