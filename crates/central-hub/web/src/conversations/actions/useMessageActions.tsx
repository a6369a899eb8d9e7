import { useCallback, useState, type ReactNode } from 'react';

import { useText } from '../../i18n/I18nProvider';
import { chatStore, useSlot } from '../../lib/chatStore';
import { ActionError } from '../../ui/ActionError';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { Dialog } from '../../ui/Dialog';
import { toast } from '../../ui/toast';
import { useAction } from '../../ui/useAction';
import { CONVERSATIONS_KEY } from '../api';
import type { Message } from '../types';
import { deleteMessage } from './api';
import { EditDialog } from './EditDialog';
import type { Action } from './MessageActions';
import { ReactionDialog } from './ReactionDialog';
import { useReaction } from './useReaction';

interface ThreadActions {
  act: (message: Message, action: Action) => void;
  /** The message to quote in the answer. */
  answered: Message | null;
  answerNone: () => void;
  dialogs: ReactNode;
}

/** The message that an unsent answer quotes waits with it in its chat. */
const quotes = chatStore<{ answered: Message | null }>(() => ({ answered: null }));

/** Manages the actions on a conversation's messages: answer, react, edit, delete. */
export function useMessageActions(chat: string): ThreadActions {
  const m = useText().messageActions;
  const [slot, { answered }] = useSlot(quotes, chat);
  const [edited, setEdited] = useState<Message | null>(null);
  const [deleted, setDeleted] = useState<Message | null>(null);
  const [picked, setPicked] = useState<Message | null>(null);
  const reaction = useReaction();
  const { mutate: react } = reaction;
  const remove = useAction(
    CONVERSATIONS_KEY,
    (id: number) => deleteMessage(id),
    ({ dry_run: simulated }) => {
      toast({ text: simulated ? m.simulated : m.deleted });
      setDeleted(null);
    },
  );
  const { reset } = remove;
  const act = useCallback(
    (message: Message, action: Action) => {
      if (action === 'answer') slot.set({ answered: message });
      else if (action === 'edit') setEdited(message);
      else if (action === 'pick') setPicked(message);
      else if (typeof action === 'object') react({ id: message.id, emoji: action.react });
      else {
        reset();
        setDeleted(message);
      }
    },
    [reset, react, slot],
  );
  const answerNone = useCallback(() => slot.clear(), [slot]);
  const dialogs = (
    <>
      {picked && (
        <ReactionDialog
          onPick={(emoji) => {
            react({ id: picked.id, emoji });
            setPicked(null);
          }}
          onClose={() => setPicked(null)}
        />
      )}
      <Dialog opened={reaction.isError} title={m.reactionFailed} onClose={reaction.reset}>
        <ActionError error={reaction.error} />
      </Dialog>
      {edited && <EditDialog message={edited} onClose={() => setEdited(null)} />}
      <ConfirmDialog
        opened={deleted !== null}
        title={m.deleteTitle}
        text={m.deleteText}
        confirm={m.delete}
        danger
        pending={remove.isPending}
        error={remove.error}
        onConfirm={() => deleted && remove.mutate(deleted.id)}
        onClose={() => setDeleted(null)}
      />
    </>
  );
  return { act, answered, answerNone, dialogs };
}
