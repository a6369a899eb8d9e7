import { useCallback, useEffect, useRef, useState } from 'react';

import { outcomeIsUnknown } from '../api/outcome';
import { upload } from '../api/upload';
import { newKey } from '../lib/key';
import { query } from '../lib/query';
import { sendFile } from './api';
import { added, attachmentOf, changed, kindFor, without, type Attachment } from './attachments';

interface Target {
  to: string;
  cliente_id?: number;
}

export interface Attachments {
  list: readonly Attachment[];
  /** Number of files over the limit, which were not added. */
  left: number;
  isSending: boolean;
  add: (files: readonly File[]) => void;
  remove: (key: string) => void;
  /** Sends all files: the first one with the quote, the first that can have a caption with it. */
  send: (target: Target, words: Words) => Promise<SendSummary>;
}

/** The caption and quote sent with a file. */
interface Words {
  caption: string;
  /** WhatsApp's id of the quoted message. */
  replyTo: string | null;
}

export interface SendSummary {
  /** Whether all files were accepted. */
  all: boolean;
  /** Whether one of the files was sent with the quote. */
  quoted: boolean;
  /** Whether one of the files was sent with the caption. */
  captioned: boolean;
  simulated: boolean;
}

/** Manages the files of an answer, which are uploaded and sent one after another. */
export function useAttachments(): Attachments {
  const [list, setList] = useState<readonly Attachment[]>([]);
  const [left, setLeft] = useState(0);
  const [isSending, setSending] = useState(false);
  const stop = useRef<AbortController | null>(null);
  const current = useRef<string | null>(null);
  // A retry of a file is the same message, so it keeps the caption and the quote.
  const words = useRef(new Map<string, Words>());

  useEffect(() => () => stop.current?.abort(), []);

  const add = useCallback(
    (files: readonly File[]) => {
      const all = files.map((file) => attachmentOf(newKey(), file));
      const next = added(list, all);
      setList(next.list);
      setLeft(next.left);
    },
    [list],
  );

  const remove = useCallback((key: string) => {
    if (current.current === key) stop.current?.abort();
    words.current.delete(key);
    setList((before) => without(before, key));
    setLeft(0);
  }, []);

  async function sendOne(one: Attachment, target: Target, left: Words): Promise<Omit<SendSummary, 'all'>> {
    const put = (change: Partial<Attachment>) => setList((before) => changed(before, one.key, change));
    const abort = new AbortController();
    stop.current = abort;
    current.current = one.key;
    let { fileId, kind } = one;
    put({ error: null, part: fileId === null ? 0 : 1 });
    if (fileId === null || kind === null) {
      const { file } = one;
      const kept = await upload<{ file_id: string; mime: string }>(
        `/api/files${query({ filename: file.name })}`,
        { file, onProgress: (part) => put({ part }), signal: abort.signal },
      );
      fileId = kept.file_id;
      kind = kindFor(kept.mime);
      put({ fileId, kind, part: 1 });
    }
    // From here on the file can no longer be removed.
    current.current = null;
    const own =
      words.current.get(one.key) ?? { ...left, caption: kind === 'audio' ? '' : left.caption };
    words.current.set(one.key, own);
    try {
      const { dry_run: simulated = false } = await sendFile(
        {
          ...target,
          type: kind,
          file_id: fileId,
          ...(kind === 'audio' ? {} : { filename: one.file.name }),
          ...(own.caption === '' ? {} : { caption: own.caption }),
          ...(own.replyTo === null ? {} : { reply_to: own.replyTo }),
        },
        one.key,
      );
      return {
        quoted: own.replyTo !== null && own.replyTo === left.replyTo,
        captioned: own.caption !== '' && own.caption === left.caption,
        simulated,
      };
    } catch (error) {
      // A file that was certainly not sent may get another caption and quote on retry.
      if (!(error instanceof Error && outcomeIsUnknown(error))) words.current.delete(one.key);
      throw error;
    }
  }

  async function send(target: Target, { caption, replyTo }: Words): Promise<SendSummary> {
    setSending(true);
    setLeft(0);
    const sent: SendSummary = { all: true, quoted: false, captioned: false, simulated: false };
    for (const one of list) {
      try {
        const { quoted, captioned, simulated } = await sendOne(one, target, {
          caption: sent.captioned ? '' : caption,
          replyTo: sent.quoted ? null : replyTo,
        });
        sent.quoted ||= quoted;
        sent.captioned ||= captioned;
        sent.simulated ||= simulated;
        words.current.delete(one.key);
        setList((before) => without(before, one.key));
      } catch (error) {
        // The user removed the file during its upload.
        if (error instanceof DOMException && error.name === 'AbortError') {
          sent.all = false;
          continue;
        }
        const problem = error instanceof Error ? error : new Error(String(error));
        setList((before) => changed(before, one.key, { error: problem, part: null }));
        sent.all = false;
        // Stop here, to keep the order of the files.
        break;
      }
    }
    current.current = null;
    setSending(false);
    return sent;
  }

  return { list, left, isSending, add, remove, send };
}
