import { useCallback, useEffect, useMemo } from 'react';

import { outcomeIsUnknown } from '../../api/outcome';
import { asError } from '../../lib/asError';
import { chatStore, useSlot } from '../../lib/chatStore';
import { draftOf, keepDraft, restAfter } from '../../lib/drafts';
import { answer } from '../api';
import type { Message } from '../types';

export interface Attempt {
  destinatario: string;
  mensaje: string;
  cliente_id?: number;
  responde_a?: number;
  key: string;
}

type Sent = Awaited<ReturnType<typeof answer>>;

interface Next {
  text: string;
  /** The message to quote. */
  quote: Message | null;
  /** The keys of the files in the box. */
  files: readonly string[];
}

interface State {
  text: string;
  /** Whether a text or files are being sent. */
  isUnderWay: boolean;
  /** What the user wanted to send while something else was being sent. */
  next: Next | null;
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
    function takeNext(sent: string): Next | null {
      const { next } = slot.get();
      slot.set({ next: null });
      return next && { ...next, text: restAfter(sent, next.text) };
    }

    /** Sends a text; returns whether it was sent. */
    async function send(body: Omit<Attempt, 'key'>, key: string): Promise<boolean> {
      // A retry after an unknown outcome is the same message, quote included, so that it is sent
      // only once.
      const before = slot.get().pending;
      const pending = before?.mensaje === body.mensaje ? before : { ...body, key };
      slot.set({ pending, isUnderWay: true, sent: null, error: null, simulated: false });
      try {
        const { key: own, ...message } = pending;
        const sent = await answer(message, own);
        slot.set({ pending: null, isUnderWay: false, sent });
        takeAway(body.mensaje);
        return true;
      } catch (failure) {
        const error = asError(failure);
        slot.set({ isUnderWay: false, next: null, error });
        if (!outcomeIsUnknown(error)) slot.set({ pending: null });
        return false;
      }
    }

    return {
      put,
      takeAway,
      takeNext,
      send,
      isUnderWay: () => slot.get().isUnderWay,
      /** Notes that what the box holds now is to be sent after what is being sent. */
      noteNext: (quote: Message | null, files: readonly string[]) =>
        slot.set({ next: { text: slot.get().text, quote, files } }),
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
