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
  /** Number of files that had no room. */
  left: number;
  isSending: boolean;
  add: (files: readonly File[]) => void;
  remove: (key: string) => void;
  /** Sends all, the first that can have one with the caption. */
  send: (target: Target, caption: string) => Promise<Sent>;
}

export interface Sent {
  /** Each was accepted. */
  all: boolean;
  /** The caption went with one of them. */
  captioned: boolean;
  simulated: boolean;
}

/** The files of an answer: chosen, uploaded, sent one after the other. */
export function useAttachments(): Attachments {
  const [list, setList] = useState<readonly Attachment[]>([]);
  const [left, setLeft] = useState(0);
  const [isSending, setSending] = useState(false);
  const stop = useRef<AbortController | null>(null);
  const current = useRef<string | null>(null);
  // A retry of a file is the same message, with the same text.
  const captions = useRef(new Map<string, string>());

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
    captions.current.delete(key);
    setList((before) => without(before, key));
    setLeft(0);
  }, []);

  async function sendOne(one: Attachment, target: Target, caption: string): Promise<{ captioned: boolean; simulated: boolean }> {
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
    // From here on nothing can be taken back.
    current.current = null;
    const own = captions.current.get(one.key) ?? (kind === 'audio' ? '' : caption);
    captions.current.set(one.key, own);
    try {
      const { dry_run: simulated = false } = await sendFile(
        {
          ...target,
          type: kind,
          file_id: fileId,
          ...(kind === 'audio' ? {} : { filename: one.file.name }),
          ...(own === '' ? {} : { caption: own }),
        },
        one.key,
      );
      return { captioned: own !== '' && own === caption, simulated };
    } catch (error) {
      // What certainly did not leave may go with another text.
      if (!(error instanceof Error && outcomeIsUnknown(error))) captions.current.delete(one.key);
      throw error;
    }
  }

  async function send(target: Target, caption: string): Promise<Sent> {
    setSending(true);
    setLeft(0);
    const sent: Sent = { all: true, captioned: false, simulated: false };
    for (const one of list) {
      try {
        const { captioned, simulated } = await sendOne(one, target, sent.captioned ? '' : caption);
        sent.captioned ||= captioned;
        sent.simulated ||= simulated;
        captions.current.delete(one.key);
        setList((before) => without(before, one.key));
      } catch (error) {
        // Removed while it was uploaded.
        if (error instanceof DOMException && error.name === 'AbortError') {
          sent.all = false;
          continue;
        }
        const problem = error instanceof Error ? error : new Error(String(error));
        setList((before) => changed(before, one.key, { error: problem, part: null }));
        sent.all = false;
        // The rest would overtake it.
        break;
      }
    }
    current.current = null;
    setSending(false);
    return sent;
  }

  return { list, left, isSending, add, remove, send };
}
