import { useEffect } from 'react';

import { ApiError } from '../../api/http';
import { outcomeIsUnknown } from '../../api/outcome';
import { upload } from '../../api/upload';
import { asError } from '../../lib/asError';
import { askBeforeLeaving } from '../../lib/askBeforeLeaving';
import { chatStore, useSlot, type Slot } from '../../lib/chatStore';
import { newKey } from '../../lib/key';
import { sendFile } from '../api';
import { CannotRecord, record, type RecorderProblem, type Recording } from './recorder';

/** Maximum duration; a longer recording is stopped and kept. */
const MAX_MS = 15 * 60_000;

interface Target {
  to: string;
  cliente_id?: number;
  /** WhatsApp's id of the quoted message. */
  reply_to?: string;
}

/** A finished recording. */
interface Finished {
  file: Blob;
  key: string;
  fileId: string | null;
  to: Target | null;
  abort: AbortController | null;
}

interface State {
  state: 'idle' | 'asking' | 'recording' | 'recorded' | 'sending';
  /** When the recording began, in milliseconds since 1970. */
  since: number | null;
  /** The URL of the finished recording, for playback. */
  url: string | null;
  /** The uploaded fraction, from 0 to 1. */
  part: number;
  /** Whether the recording is at the service. */
  isUploaded: boolean;
  problem: RecorderProblem | 'unreadable' | null;
  error: Error | null;
  recording: Recording | null;
  finished: Finished | null;
  limit: ReturnType<typeof setTimeout> | null;
  /** Incremented to ignore late results, after the recording was discarded. */
  turn: number;
}

export type Voice = Pick<
  State,
  'state' | 'since' | 'url' | 'part' | 'isUploaded' | 'problem' | 'error'
> & {
  start: () => void;
  stop: () => void;
  discard: () => void;
  send: () => void;
};

const IDLE: Omit<State, 'turn'> = {
  state: 'idle',
  since: null,
  url: null,
  part: 0,
  isUploaded: false,
  problem: null,
  error: null,
  recording: null,
  finished: null,
  limit: null,
};

const voices = chatStore<State>(() => ({ ...IDLE, turn: 0 }));
askBeforeLeaving(() => voices.some(({ state }) => state !== 'idle'));

async function start(slot: Slot<State>) {
  discard(slot);
  const { turn } = slot.get();
  slot.set({ state: 'asking' });
  try {
    const recording = await record(() => void stop(slot));
    if (turn !== slot.get().turn) {
      recording.discard();
      return;
    }
    const limit = setTimeout(() => void stop(slot), MAX_MS);
    slot.set({ state: 'recording', since: Date.now(), recording, limit });
  } catch (failure) {
    if (turn !== slot.get().turn) return;
    const problem = failure instanceof CannotRecord ? failure.problem : 'unsupported';
    slot.set({ state: 'idle', problem });
  }
}

async function stop(slot: Slot<State>) {
  const { turn, recording, limit } = slot.get();
  if (limit) clearTimeout(limit);
  if (!recording) return;
  slot.set({ recording: null, limit: null });
  try {
    const [recorded, { asVoiceMessage }] = await Promise.all([
      recording.stop(),
      import('./oggOpus'),
    ]);
    const file = await asVoiceMessage(recorded);
    if (turn !== slot.get().turn) return;
    const finished = { file, key: newKey(), fileId: null, to: null, abort: null };
    slot.set({ state: 'recorded', url: URL.createObjectURL(file), finished });
  } catch {
    if (turn !== slot.get().turn) return;
    slot.set({ state: 'idle', problem: 'unreadable' });
  }
}

function discard(slot: Slot<State>) {
  const { turn, recording, limit, finished, url } = slot.get();
  slot.set({ ...IDLE, turn: turn + 1 });
  recording?.discard();
  finished?.abort?.abort();
  if (limit) clearTimeout(limit);
  if (url) URL.revokeObjectURL(url);
}

/** Sends the recording, whether or not the chat stays open; returns how, or null if it was not sent. */
async function send(slot: Slot<State>, target: Target): Promise<{ simulated: boolean } | null> {
  const { turn, finished } = slot.get();
  if (!finished || slot.get().state === 'sending') return null;
  slot.set({ error: null, state: 'sending', part: finished.fileId === null ? 0 : 1 });
  try {
    if (finished.fileId === null) {
      finished.abort = new AbortController();
      // A voice message has no file name.
      const uploaded = await upload<{ file_id: string }>('/api/files', {
        file: finished.file,
        onProgress: (part) => turn === slot.get().turn && slot.set({ part }),
        signal: finished.abort.signal,
      });
      finished.fileId = uploaded.file_id;
      if (turn !== slot.get().turn) return null;
      slot.set({ part: 1, isUploaded: true });
    }
    // A retry keeps the first target, so that it is the same message even if the quote changed.
    finished.to ??= target;
    const { dry_run: simulated = false } = await sendFile(
      { ...finished.to, type: 'audio', voice: true, file_id: finished.fileId },
      finished.key,
    );
    if (turn === slot.get().turn) discard(slot);
    return { simulated };
  } catch (failure) {
    if (turn !== slot.get().turn) return null;
    const error = asError(failure);
    if (!outcomeIsUnknown(error)) {
      // Certainly not sent: a retry may quote another message, so it gets another key.
      finished.to = null;
      finished.key = newKey();
    }
    if (error instanceof ApiError && error.code === 'FILE_NOT_FOUND') finished.fileId = null;
    slot.set({ state: 'recorded', error, isUploaded: finished.fileId !== null });
    return null;
  }
}

/**
 * Manages a chat's voice message: recorded, played, sent or discarded. When the chat is left, the
 * recording ends, and waits in the chat as long as the page is open.
 */
export function useVoice(
  chat: string,
  target: Target,
  onSent: (simulated: boolean) => void,
  onFailed: () => void,
): Voice {
  const [slot, { state, since, url, part, isUploaded, problem, error }] = useSlot(voices, chat);

  useEffect(
    () => () => {
      // A microphone that nobody sees must not stay open.
      if (slot.get().state === 'asking') discard(slot);
      else void stop(slot);
    },
    [slot],
  );

  return {
    state,
    since,
    url,
    part,
    isUploaded,
    problem,
    error,
    start: () => void start(slot),
    stop: () => void stop(slot),
    discard: () => discard(slot),
    send: () =>
      void send(slot, target).then((sent) => {
        if (sent) onSent(sent.simulated);
        else if (slot.get().error) onFailed();
      }),
  };
}
