// Fetches incoming files through wa-js, and passes them on in pieces.
//
//   media_open(id) ──> wa-js downloads and decrypts ──> a blob, kept under a token
//   media_read(token, offset) ──> a piece as base64, repeatedly
//   media_close(token)
//
// The browser process stores a blob, and moves large ones to disk.

import { hasMedia } from "./content";
import { BridgeError } from "./errors";
import { bothIds, connected, searchMessage, tools } from "./lookup";
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

/** The stages of a file that can no longer be fetched. `NEED_POKE` is none of them: it follows any
 * other failure, such as one of the network. */
const GONE = /MISSING|UNSUPPORTED|TOO_LARGE/;
/** How long the phone has to upload a file again that the server no longer has, in milliseconds.
 * The page itself waits until the phone is online, and keeps the file once it has come. */
const REUPLOAD_MS = 20_000;
const STAGE_POLL_MS = 500;

const gone = (): BridgeError =>
  new BridgeError("MEDIA_GONE", "WhatsApp has this file no more: the phone may still have it");

async function download(WPP: any, msg: Model): Promise<Blob> {
  const stage = (): string => String(attempt<unknown>(() => msg.mediaData.mediaStage, ""));
  let timer: ReturnType<typeof setInterval> | undefined;
  const phoneIsSilent = new Promise<never>((_, reject) => {
    let asked: number | null = null;
    timer = setInterval(() => {
      asked = stage() === "REUPLOADING" ? (asked ?? performance.now()) : null;
      if (asked === null || performance.now() - asked < REUPLOAD_MS) return;
      reject(new BridgeError("FAILED", "WhatsApp's server has the file no more and asks the phone for it, which does not answer: it can be fetched once the phone is online"));
    }, STAGE_POLL_MS);
  });
  try {
    const blob: unknown = await Promise.race([WPP.chat.downloadMedia(serialized(msg.id)), phoneIsSilent]);
    if (blob instanceof Blob) return blob;
  } catch (error) {
    if (error instanceof BridgeError) throw error;
    if (!GONE.test(stage()))
      throw new BridgeError("FAILED", `the file could not be fetched (${String((error as any)?.code ?? (error as any)?.message ?? "no reason")})`);
  } finally {
    clearInterval(timer);
  }
  throw GONE.test(stage()) ? gone() : new BridgeError("FAILED", "the page gave no file");
}

export async function openMedia({ id, most }: OpenArgs): Promise<{ token: string; size: number }> {
  const WPP = tools();
  const [own, chat = "", key = ""] = id.split("_");
  // The chat may be addressed by number or by LID, and by the other one when the message was
  // written.
  const { msg, certain } = await searchMessage(WPP, [chat, ...bothIds(WPP, chat)], key, [own === "true"]);
  if (!msg) {
    if (!connected()) throw new BridgeError("NOT_READY", "the page is not connected");
    throw new BridgeError(certain ? "MESSAGE_NOT_FOUND" : "FAILED", "the page does not find this message");
  }
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
