import { Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconMessageCircle, IconSearch } from '@tabler/icons-react';
import { useState, type KeyboardEvent } from 'react';
import { Link } from 'react-router';

import { useText } from '../i18n/I18nProvider';
import { draftOf } from '../lib/drafts';
import { ROUTES } from '../lib/routes';
import { useMoment, useShortMoment } from '../live/useMoment';
import { Empty } from '../ui/Empty';
import { PagedList } from '../ui/PagedList';
import { usePages } from '../ui/pages';
import { CONVERSATIONS_KEY, getConversations, SEEN_AT_LAST_MS } from './api';
import { Avatar } from './Avatar';
import classes from './Conversations.module.css';
import { kindText, numberOf } from './thread';
import type { Conversation } from './types';

function Row({ talk, chosen }: { talk: Conversation; chosen: boolean }) {
  const t = useText();
  const moment = useMoment();
  const short = useShortMoment();
  const c = t.conversations;
  const { ultimo } = talk;
  const number = numberOf(talk);
  const chat = talk.telefono ?? talk.chat;
  // The one that is open shows its own in the box.
  const draft = chosen ? '' : draftOf(chat);
  const prefixOf = (estado: string) =>
    estado === 'fallido' ? c.notSent : estado === 'simulado' ? c.tested : c.you;
  const text = [kindText(t, ultimo.tipo), ultimo.mensaje].filter(Boolean).join(': ');
  return (
    <Link
      to={`${ROUTES.conversations}/${encodeURIComponent(talk.telefono ?? talk.chat)}`}
      className={classes.row}
      aria-current={chosen ? 'page' : undefined}
      data-chat={talk.telefono ?? talk.chat}
    >
      <Avatar name={talk.nombre} chat={chat} />
      <span className={classes.words}>
      <span className={classes.head}>
        <Text span fw={600} size="sm" truncate title={number}>
          {talk.nombre ?? number}
        </Text>
        <Text
          span
          size="xs"
          c="dimmed"
          component="time"
          dateTime={ultimo.fecha}
          title={moment(ultimo.fecha)}
          className={classes.when}
        >
          {short(ultimo.fecha)}
        </Text>
      </span>
      <Text span size="sm" c="dimmed" truncate>
        {draft === '' ? (
          <>
            {ultimo.direccion === 'saliente' && `${prefixOf(ultimo.estado)} `}
            {text}
          </>
        ) : (
          <>
            <strong>{c.draft}</strong> {draft}
          </>
        )}
      </Text>
      </span>
    </Link>
  );
}

/** ↑ and ↓ go through the list as Tab does, Home and End to its ends. */
function walk(event: KeyboardEvent<HTMLElement>) {
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>('a')];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: rows.length - 1 }[event.key];
  if (at === -1 || to === undefined) return;
  event.preventDefault();
  rows[Math.min(rows.length - 1, Math.max(0, to))]?.focus();
}

/** With whom there is a conversation, the newest first. */
export function ConversationList({ chosen }: { chosen: string | undefined }) {
  const t = useText();
  const c = t.conversations;
  const [typed, setTyped] = useState('');
  const [words] = useDebouncedValue(typed.trim(), 300);
  const pages = usePages({
    key: [...CONVERSATIONS_KEY, 'list', words],
    fetch: (cursor, signal) => getConversations(words, cursor, signal),
    everyMs: SEEN_AT_LAST_MS,
  });
  return (
    <section aria-label={c.list} className={classes.listBody}>
      <TextInput
        type="search"
        label={c.search}
        placeholder={c.searchHint}
        maxLength={200}
        leftSection={<IconSearch size={16} aria-hidden />}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      {pages.items?.length === 0 && pages.forward && (
        <Text size="sm" c="dimmed" role="status">
          {c.goOn}
        </Text>
      )}
      <PagedList
        pages={pages}
        empty={
          words === '' ? (
            <Empty icon={IconMessageCircle} title={c.emptyTitle} text={c.emptyText} />
          ) : (
            <Empty icon={IconSearch} title={c.nothingTitle} text={c.nothingText} />
          )
        }
      >
        {(items) => (
          <ul className={classes.rows} onKeyDown={walk}>
            {items.map((talk) => (
              <li key={talk.chat}>
                <Row talk={talk} chosen={chosen === (talk.telefono ?? talk.chat)} />
              </li>
            ))}
          </ul>
        )}
      </PagedList>
    </section>
  );
}
