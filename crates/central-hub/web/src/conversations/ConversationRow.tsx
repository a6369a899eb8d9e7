import { Text, VisuallyHidden } from '@mantine/core';
import { memo } from 'react';
import { Link } from 'wouter';

import { useText } from '../i18n/I18nProvider';
import { draftOf } from '../lib/drafts';
import { numberOf } from '../lib/phone';
import { conversationOf, messageInChat } from '../lib/routes';
import { Marked } from '../ui/Marked';
import { usePrefetchHistory } from './api';
import { Avatar } from './Avatar';
import classes from './Conversations.module.css';
import { summary } from './thread';
import type { Conversation } from './types';

interface Props {
  talk: Conversation;
  chosen: boolean;
  /** The time of the last message as texts: they change at midnight without the conversation. */
  time: string;
  shortTime: string;
  /** The searched words; if not empty, the row is for the message that matched. */
  words: string;
}

/** A row of the list. Opening a conversation renders two rows again, not all. */
export const ConversationRow = memo(function ConversationRow({ talk, chosen, time, shortTime, words }: Props) {
  const t = useText();
  const prefetchHistory = usePrefetchHistory();
  const c = t.conversations;
  const { ultimo } = talk;
  const number = numberOf(talk);
  const chat = talk.telefono ?? talk.chat;
  // The draft of the open conversation is already visible in the answer box.
  const draft = chosen ? '' : draftOf(chat);
  const prefixOf = (estado: string) =>
    estado === 'fallido' ? c.notSent : estado === 'simulado' ? c.tested : c.you;
  const text = summary(t, ultimo);
  return (
    <Link
      to={words === '' ? conversationOf(chat) : messageInChat(chat, ultimo.id)}
      className={classes.row}
      onClick={() => prefetchHistory(chat)}
      aria-current={chosen ? 'page' : undefined}
      data-chat={talk.telefono ?? talk.chat}
      data-unread={talk.sin_leer > 0 || undefined}
      data-waits={talk.sin_responder_desde !== null || undefined}
    >
      <Avatar name={talk.nombre} chat={chat} />
      <span className={classes.words}>
      <span className={classes.head}>
        <Text span fw={talk.sin_leer > 0 ? 750 : 600} size="sm" truncate title={number}>
          {talk.nombre ?? number}
        </Text>
        <Text
          span
          size="xs"
          c="dimmed"
          component="time"
          dateTime={ultimo.fecha}
          title={time}
          className={classes.when}
        >
          {shortTime}
        </Text>
      </span>
      <span className={classes.head}>
      <Text
        span
        size="sm"
        truncate
        {...(talk.sin_leer > 0 ? { fw: 600 } : { c: 'dimmed' })}
      >
        {draft === '' ? (
          <>
            {ultimo.direccion === 'saliente' && `${prefixOf(ultimo.estado)} `}
            <Marked text={text} search={words} />
          </>
        ) : (
          <>
            <strong>{c.draft}</strong> {draft}
          </>
        )}
      </Text>
      {talk.sin_leer > 0 ? (
        <span className={classes.unread}>
          <span aria-hidden>{talk.sin_leer}</span>
          <VisuallyHidden>{c.unread(talk.sin_leer)}</VisuallyHidden>
        </span>
      ) : (
        talk.sin_responder_desde !== null && (
          <span className={classes.waits} title={c.waitsForAnswer}>
            <VisuallyHidden>{c.waitsForAnswer}</VisuallyHidden>
          </span>
        )
      )}
      </span>
      </span>
    </Link>
  );
});
