import { useCallback, useEffect, useMemo } from 'react';

import { outcomeIsUnknown } from '../../api/outcome';
import { asError } from '../../lib/asError';
import { chatStore, useSlot } from '../../lib/chatStore';
import { draftOf, keepDraft, restAfter } from '../../lib/drafts';
import { answer } from '../api';

export interface Attempt {
  destinatario: string;
  mensaje: string;
  cliente_id?: number;
  responde_a?: number;
  key: string;
}

type Sent = Awaited<ReturnType<typeof answer>>;

interface State {
  text: string;
  /** Whether a text or files are being sent. */
  isUnderWay: boolean;
  /** The text that the user wanted to send while another one was being sent. */
  next: string | null;
  /** The attempt whose outcome is unknown. */
  pending: Attempt | null;
  sent: Sent | null;
  error: Error | null;
  /** Whether files or a voice message were only simulated. */
  simulated: boolean;
}

const answers = chatStore<State>((chat) => ({
  text: draftOf(chat),
  isUnderWay: false,
  next: null,
  pending: null,
  sent: null,
  error: null,
  simulated: false,
}));

/** What became of a text. */
interface Outcome {
  isSent: boolean;
  /** What to send next. */
  next: string | null;
}

/** Manages the text of a chat's answer. What is being sent goes on when the chat is left. */
export function useAnswer(chat: string) {
  const [slot, state] = useSlot(answers, chat);

  // The next visit begins with the draft, which another tab may have changed.
  useEffect(
    () => () => {
      const { isUnderWay, pending } = slot.get();
      if (!isUnderWay && !pending) slot.clear();
    },
    [slot],
  );

  const put = useCallback(
    (text: string) => {
      slot.set({ text });
      keepDraft(chat, text);
    },
    [slot, chat],
  );

  return useMemo(() => {
    /** Takes a sent text out of the box; what was typed meanwhile stays. */
    const takeAway = (sent: string) => put(restAfter(sent, slot.get().text));

    /** Takes what the user wanted to send after `sent`; `null` if nothing. */
    function takeNext(sent: string): string | null {
      const { next } = slot.get();
      slot.set({ next: null });
      const rest = next === null ? '' : restAfter(sent, next);
      return rest.trim() === '' ? null : rest;
    }

    async function send(body: Omit<Attempt, 'key'>, key: string): Promise<Outcome> {
      // A retry after an unknown outcome reuses the key, so that the message is sent only once.
      const before = slot.get().pending;
      const isRepeated = before?.mensaje === body.mensaje && before.responde_a === body.responde_a;
      const pending = isRepeated ? before : { ...body, key };
      slot.set({ pending, isUnderWay: true, sent: null, error: null, simulated: false });
      try {
        const { key: own, ...message } = pending;
        const sent = await answer(message, own);
        slot.set({ pending: null, isUnderWay: false, sent });
        takeAway(body.mensaje);
        return { isSent: true, next: takeNext(body.mensaje) };
      } catch (failure) {
        const error = asError(failure);
        slot.set({ isUnderWay: false, next: null, error });
        if (!outcomeIsUnknown(error)) slot.set({ pending: null });
        return { isSent: false, next: null };
      }
    }

    return {
      put,
      takeAway,
      takeNext,
      send,
      isUnderWay: () => slot.get().isUnderWay,
      /** Sends what the box holds now once the present text or files have been sent. */
      sendNext: () => slot.set({ next: slot.get().text }),
      note: (change: Partial<Pick<State, 'isUnderWay' | 'error' | 'sent' | 'simulated'>>) =>
        slot.set(change),
      text: state.text,
      isBusy: state.isUnderWay,
      sent: state.sent,
      error: state.error,
      simulated: state.simulated,
    };
  }, [slot, put, state]);
}
