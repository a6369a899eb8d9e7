import { Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconMessageCircle, IconSearch } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'react-router';

import { useText } from '../i18n/I18nProvider';
import { useNow, wallClock } from '../lib/useNow';
import { absolute, relative } from '../lib/time';
import { Empty } from '../ui/Empty';
import { PagedList } from '../ui/PagedList';
import { usePages } from '../ui/pages';
import { CONVERSATIONS_KEY, getConversations, SEEN_AT_LAST_MS } from './api';
import classes from './Conversations.module.css';
import { kindText, numberOf } from './thread';
import type { Conversation } from './types';

function Row({ talk, chosen, now }: { talk: Conversation; chosen: boolean; now: number }) {
  const t = useText();
  const c = t.conversations;
  const { ultimo } = talk;
  const number = numberOf(talk);
  const text = [kindText(t, ultimo.tipo), ultimo.mensaje].filter(Boolean).join(': ');
  return (
    <Link
      to={`/conversaciones/${encodeURIComponent(talk.telefono ?? talk.chat)}`}
      className={classes.row}
      aria-current={chosen ? 'page' : undefined}
      data-chat={talk.telefono ?? talk.chat}
    >
      <span className={classes.head}>
        <Text span fw={600} size="sm" truncate>
          {talk.nombre ?? number}
        </Text>
        <Text
          span
          size="xs"
          c="dimmed"
          component="time"
          dateTime={ultimo.fecha}
          title={absolute(ultimo.fecha, t.locale)}
          className={classes.when}
        >
          {relative(ultimo.fecha, now, t.locale) ?? t.ready.justNow}
        </Text>
      </span>
      {talk.nombre && (
        <Text span size="xs" c="dimmed">
          {number}
        </Text>
      )}
      <Text span size="sm" c="dimmed" lineClamp={2}>
        {ultimo.direccion === 'saliente' && `${c.you} `}
        {text}
      </Text>
    </Link>
  );
}

/** With whom there is a conversation, the newest first. */
export function ConversationList({ chosen }: { chosen: string | undefined }) {
  const t = useText();
  const c = t.conversations;
  const [typed, setTyped] = useState('');
  const [words] = useDebouncedValue(typed.trim(), 300);
  const now = useNow(wallClock, 30_000);
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
          <ul className={classes.rows}>
            {items.map((talk) => (
              <li key={talk.chat}>
                <Row talk={talk} chosen={chosen === (talk.telefono ?? talk.chat)} now={now} />
              </li>
            ))}
          </ul>
        )}
      </PagedList>
    </section>
  );
}
