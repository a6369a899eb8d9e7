import { useEffect, useRef, useState } from 'react';

import { outcomeIsUnknown } from '../../api/outcome';
import { upload } from '../../api/upload';
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

export interface Voice {
  state: 'idle' | 'asking' | 'recording' | 'recorded' | 'sending';
  /** When the recording began, in milliseconds since 1970. */
  since: number | null;
  /** The URL of the finished recording, for playback. */
  url: string | null;
  /** The uploaded fraction, from 0 to 1. */
  part: number;
  problem: RecorderProblem | 'unreadable' | null;
  error: Error | null;
  start: () => void;
  stop: () => void;
  discard: () => void;
  send: () => void;
}

/** Manages a voice message: recorded, played, sent or discarded. */
export function useVoice(target: Target, onSent: (simulated: boolean) => void): Voice {
  const [state, setState] = useState<Voice['state']>('idle');
  const [since, setSince] = useState<number | null>(null);
  const [url, setUrl] = useState<string | null>(null);
  const [part, setPart] = useState(0);
  const [problem, setProblem] = useState<Voice['problem']>(null);
  const [error, setError] = useState<Error | null>(null);
  const recording = useRef<Recording | null>(null);
  const finished = useRef<{ file: Blob; key: string; fileId: string | null; to?: Target } | null>(null);
  const abort = useRef<AbortController | null>(null);
  const limit = useRef<ReturnType<typeof setTimeout> | null>(null);
  // Incremented to ignore late results, after the chat was left or the recording discarded.
  const turn = useRef(0);

  useEffect(
    () => () => {
      turn.current += 1;
      recording.current?.discard();
      abort.current?.abort();
      if (limit.current) clearTimeout(limit.current);
    },
    [],
  );
  useEffect(() => () => void (url && URL.revokeObjectURL(url)), [url]);

  async function start() {
    turn.current += 1;
    const ownTurn = turn.current;
    setProblem(null);
    setError(null);
    setState('asking');
    try {
      const begun = await record(() => void stop());
      if (ownTurn !== turn.current) {
        begun.discard();
        return;
      }
      recording.current = begun;
      limit.current = setTimeout(() => void stop(), MAX_MS);
      setSince(Date.now());
      setState('recording');
    } catch (failure) {
      if (ownTurn !== turn.current) return;
      setProblem(failure instanceof CannotRecord ? failure.problem : 'unsupported');
      setState('idle');
    }
  }

  async function stop() {
    const ownTurn = turn.current;
    const ended = recording.current;
    recording.current = null;
    if (limit.current) clearTimeout(limit.current);
    if (!ended) return;
    try {
      const [recorded, { asOggOpus }] = await Promise.all([ended.stop(), import('./oggOpus')]);
      const file = await asOggOpus(recorded);
      if (ownTurn !== turn.current) return;
      finished.current = { file, key: newKey(), fileId: null };
      setUrl(URL.createObjectURL(file));
      setState('recorded');
    } catch {
      if (ownTurn !== turn.current) return;
      setProblem('unreadable');
      setState('idle');
    }
  }

  function discard() {
    turn.current += 1;
    recording.current?.discard();
    recording.current = null;
    abort.current?.abort();
    if (limit.current) clearTimeout(limit.current);
    finished.current = null;
    setUrl(null);
    setSince(null);
    setError(null);
    setState('idle');
  }

  async function send() {
    const ownTurn = turn.current;
    const voiceMessage = finished.current;
    if (!voiceMessage) return;
    setError(null);
    setPart(voiceMessage.fileId === null ? 0 : 1);
    setState('sending');
    try {
      if (voiceMessage.fileId === null) {
        abort.current = new AbortController();
        const { signal } = abort.current;
        // A voice message has no file name.
        const uploaded = await upload<{ file_id: string }>('/api/files', {
          file: voiceMessage.file,
          onProgress: setPart,
          signal,
        });
        voiceMessage.fileId = uploaded.file_id;
        setPart(1);
      }
      // A retry keeps the first target, so that it is the same message even if the quote changed.
      voiceMessage.to ??= target;
      const { dry_run: simulated = false } = await sendFile(
        { ...voiceMessage.to, type: 'audio', voice: true, file_id: voiceMessage.fileId },
        voiceMessage.key,
      );
      if (ownTurn === turn.current) discard();
      onSent(simulated);
    } catch (failure) {
      if (ownTurn !== turn.current) return;
      // A message that was certainly not sent may quote another message on retry.
      if (!(failure instanceof Error && outcomeIsUnknown(failure))) delete voiceMessage.to;
      setError(failure instanceof Error ? failure : new Error(String(failure)));
      setState('recorded');
    }
  }

  return {
    state,
    since,
    url,
    part,
    problem,
    error,
    start: () => void start(),
    stop: () => void stop(),
    discard,
    send: () => void send(),
  };
}
