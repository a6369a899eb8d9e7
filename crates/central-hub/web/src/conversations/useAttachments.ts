import { useCallback } from 'react';

import { ApiError } from '../api/http';
import { outcomeIsUnknown } from '../api/outcome';
import { upload } from '../api/upload';
import { asError } from '../lib/asError';
import { askBeforeLeaving } from '../lib/askBeforeLeaving';
import { chatStore, useSlot, type Slot } from '../lib/chatStore';
import { newKey } from '../lib/key';
import { query } from '../lib/query';
import { sendFile } from './api';
import {
  added,
  ALL_ADDED,
  attachmentOf,
  changed,
  kindFor,
  without,
  type Attachment,
  type NotAdded,
} from './attachments';

interface Target {
  to: string;
  cliente_id?: number;
}

export interface Attachments {
  list: readonly Attachment[];
  notAdded: NotAdded;
  isSending: boolean;
  add: (files: readonly File[]) => void;
  remove: (key: string) => void;
  /** Makes a file that phones do not show go as a document. */
  asDocument: (key: string) => void;
  /** Sends all files: the first one with the quote, the first that can have a caption with it. */
  send: (target: Target, words: Words) => Promise<SendSummary>;
  /** Returns the keys of the files, also of those added since the last render. */
  keys: () => readonly string[];
}

/** The caption and quote sent with a file. */
interface Words {
  caption: string;
  /** WhatsApp's id of the quoted message. */
  replyTo: string | null;
}

export interface SendSummary {
  /** Whether all files were accepted, but for those that the user removed meanwhile. */
  all: boolean;
  /** Whether one of the files was sent with the quote. */
  quoted: boolean;
  /** Whether one of the files was sent with the caption. */
  captioned: boolean;
  simulated: boolean;
}

interface State {
  list: readonly Attachment[];
  notAdded: NotAdded;
  isSending: boolean;
}

const files = chatStore<State>(() => ({ list: [], notAdded: ALL_ADDED, isSending: false }));
askBeforeLeaving(() => files.some(({ list }) => list.length > 0));

/** The running uploads by the files' keys. */
const uploads = new Map<string, AbortController>();
/** What a file was sent with: a retry is the same message, so it keeps the caption and the quote. */
const words = new Map<string, Words>();

const put = (slot: Slot<State>, key: string, change: Partial<Attachment>) =>
  slot.set({ list: changed(slot.get().list, key, change) });
const drop = (slot: Slot<State>, key: string) => slot.set({ list: without(slot.get().list, key) });
const find = (slot: Slot<State>, key: string) => slot.get().list.find((one) => one.key === key);

/** Thrown for a file that the user removed. */
class Removed extends Error {}

async function uploaded(slot: Slot<State>, one: Attachment): Promise<Attachment> {
  const { key, file, name } = one;
  const abort = new AbortController();
  uploads.set(key, abort);
  try {
    const kept = await upload<{ file_id: string; mime: string }>(
      `/api/files${query({ filename: name })}`,
      { file, onProgress: (part) => put(slot, key, { part }), signal: abort.signal },
    );
    const told = { fileId: kept.file_id, kind: one.kind ?? kindFor(kept.mime), part: 1 };
    put(slot, key, told);
    return { ...one, ...told };
  } catch (error) {
    if (abort.signal.aborted) throw new Removed();
    throw error;
  } finally {
    uploads.delete(key);
  }
}

async function sendOne(
  slot: Slot<State>,
  one: Attachment,
  target: Target,
  left: Words,
): Promise<Omit<SendSummary, 'all'>> {
  put(slot, one.key, { error: null, part: one.fileId === null ? 0 : 1 });
  const { key, fileId, kind, name } = one.fileId === null ? await uploaded(slot, one) : one;
  // The user can remove a file until its upload is complete.
  if (!find(slot, key)) throw new Removed();
  const own = words.get(key) ?? { ...left, caption: kind === 'audio' ? '' : left.caption };
  words.set(key, own);
  try {
    const { dry_run: simulated = false } = await sendFile(
      {
        ...target,
        type: kind ?? 'document',
        file_id: fileId ?? '',
        ...(kind === 'audio' ? {} : { filename: name }),
        ...(own.caption === '' ? {} : { caption: own.caption }),
        ...(own.replyTo === null ? {} : { reply_to: own.replyTo }),
      },
      key,
    );
    words.delete(key);
    return {
      quoted: own.replyTo !== null && own.replyTo === left.replyTo,
      captioned: own.caption !== '' && own.caption === left.caption,
      simulated,
    };
  } catch (error) {
    if (!outcomeIsUnknown(asError(error))) words.delete(key);
    throw error;
  }
}

/** Returns what a failure changes of a file. */
function afterFailure(error: Error): Partial<Attachment> {
  if (outcomeIsUnknown(error)) return { error };
  const isGone = error instanceof ApiError && error.code === 'FILE_NOT_FOUND';
  // Certainly not sent: a retry may have another caption and quote, so it gets another key.
  return { error, key: newKey(), ...(isGone && { fileId: null }) };
}

/** Sends the files that a chat has now, one after another, whether or not the chat stays open. */
async function sendAll(
  slot: Slot<State>,
  target: Target,
  { caption, replyTo }: Words,
): Promise<SendSummary> {
  slot.set({ isSending: true, notAdded: ALL_ADDED });
  const sent = { count: 0, all: true, quoted: false, captioned: false, simulated: false };
  for (const { key } of slot.get().list) {
    const one = find(slot, key);
    // The user removed the file while an earlier one was sent.
    if (!one) continue;
    try {
      const { quoted, captioned, simulated } = await sendOne(slot, one, target, {
        caption: sent.captioned ? '' : caption,
        replyTo: sent.quoted ? null : replyTo,
      });
      sent.count += 1;
      sent.quoted ||= quoted;
      sent.captioned ||= captioned;
      sent.simulated ||= simulated;
      drop(slot, key);
    } catch (error) {
      if (error instanceof Removed) continue;
      put(slot, key, { part: null, ...afterFailure(asError(error)) });
      sent.all = false;
      // Stop here, to keep the order of the files.
      break;
    }
  }
  slot.set({ isSending: false });
  return { ...sent, all: sent.all && sent.count > 0 };
}

/**
 * Manages the files of a chat's answer. They wait in their chat until they are sent or removed, as
 * long as the page is open.
 */
export function useAttachments(chat: string): Attachments {
  const [slot, state] = useSlot(files, chat);

  const add = useCallback(
    (chosen: readonly File[]) => {
      const all = chosen.map((file) => attachmentOf(newKey(), file));
      const { list, ...notAdded } = added(slot.get().list, all);
      slot.set({ list, notAdded });
    },
    [slot],
  );

  const remove = useCallback(
    (key: string) => {
      uploads.get(key)?.abort();
      words.delete(key);
      drop(slot, key);
      slot.set({ notAdded: ALL_ADDED });
    },
    [slot],
  );

  const asDocument = useCallback(
    // Sent in another way it is another message, so it gets another key.
    (key: string) => put(slot, key, { key: newKey(), kind: 'document', error: null }),
    [slot],
  );

  const send = useCallback(
    (target: Target, left: Words) => sendAll(slot, target, left),
    [slot],
  );

  const keys = useCallback(() => slot.get().list.map(({ key }) => key), [slot]);

  return { ...state, add, remove, asDocument, send, keys };
}
