import { Menu } from '@mantine/core';
import { IconArrowBackUp, IconChevronDown, IconPencil, IconTrash } from '@tabler/icons-react';
import { useLayoutEffect, useRef, useState } from 'react';

import { useText } from '../../i18n/I18nProvider';
import { summary } from '../thread';
import type { Message } from '../types';
import classes from './Actions.module.css';
import { canAnswer, canDelete, canEdit, canReact, ownReaction } from './limits';
import { PendingReaction } from './PendingReaction';
import { ReactionItems } from './ReactionItems';

/** How much of a message's text names its menu, in characters. */
const MAX_NAMED = 60;

/** `pick`: to choose a reaction among all. An empty reaction takes the own one away. */
export type Action = 'answer' | 'edit' | 'delete' | 'pick' | { react: string };

interface Props {
  message: Message;
  /** Whether the contact opted out: nothing more can be written to them. */
  closed: boolean;
  onAct: (message: Message, action: Action) => void;
}

/** The actions on a message. The menu is rendered when opened: a long conversation has many. */
export function MessageActions({ message, closed, onAct }: Props) {
  const t = useText();
  const m = t.messageActions;
  const [isUsed, setUsed] = useState(false);
  const [isOpen, setOpen] = useState(false);
  const target = useRef<HTMLButtonElement>(null);
  // The first use replaces the button: the menu returns the focus to the new one.
  useLayoutEffect(() => {
    if (!isUsed) return;
    target.current?.focus({ preventScroll: true });
    setOpen(true);
  }, [isUsed]);
  const now = Date.now();
  const answers = !closed && canAnswer(message);
  const reacts = !closed && canReact(message);
  const edits = !closed && canEdit(message, now);
  const deletes = canDelete(message, now);
  if (!answers && !edits && !deletes) return null;
  const button = (
    <button
      ref={target}
      type="button"
      className={classes.open}
      // Told apart in a screen reader's list of buttons.
      aria-label={m.menu(summary(t, { ...message, mensaje: message.mensaje.slice(0, MAX_NAMED) }))}
      aria-haspopup="menu"
      {...(isUsed ? {} : { onClick: () => setUsed(true) })}
    >
      <IconChevronDown size={16} aria-hidden />
    </button>
  );
  if (!isUsed) return button;
  return (
    <>
      <PendingReaction id={message.id} />
      <Menu opened={isOpen} onChange={setOpen} returnFocus withInitialFocusPlaceholder={false} position="bottom-end">
        <Menu.Target>{button}</Menu.Target>
        <Menu.Dropdown>
          {reacts && (
            <ReactionItems
              own={ownReaction(message)}
              onReact={(emoji) => onAct(message, { react: emoji })}
              onPick={() => onAct(message, 'pick')}
            />
          )}
          {answers && (
            <Menu.Item
              leftSection={<IconArrowBackUp size={16} aria-hidden />}
              onClick={() => onAct(message, 'answer')}
            >
              {m.answer}
            </Menu.Item>
          )}
          {edits && (
            <Menu.Item
              leftSection={<IconPencil size={16} aria-hidden />}
              onClick={() => onAct(message, 'edit')}
            >
              {m.edit}
            </Menu.Item>
          )}
          {deletes && (
            <Menu.Item
              leftSection={<IconTrash size={16} aria-hidden />}
              onClick={() => onAct(message, 'delete')}
            >
              {m.delete}
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
    </>
  );
}
