import { Button, SegmentedControl, Text, TextInput, VisuallyHidden } from '@mantine/core';
import { useDebouncedValue, useDisclosure } from '@mantine/hooks';
import { IconCircleCheck, IconMessageCircle, IconMessagePlus, IconSearch } from '@tabler/icons-react';
import { lazy, memo, Suspense, useState, type KeyboardEvent } from 'react';
import { Link } from 'react-router';

import { useText } from '../i18n/I18nProvider';
import { draftOf } from '../lib/drafts';
import { conversationOf, messageInChat } from '../lib/routes';
import { countText } from '../live/countText';
import { useInbox } from '../live/useInbox';
import { useFormatTime, useFormatShortTime } from '../live/useFormatTime';
import { numberOf } from '../lib/phone';
import { Dialog } from '../ui/Dialog';
import { Empty } from '../ui/Empty';
import { Marked } from '../ui/Marked';
import { PagedList } from '../ui/PagedList';
import { ScreenLoading } from '../ui/ScreenLoading';
import { usePages } from '../ui/pages';
import { AskForAlerts } from './AskForAlerts';
import { CONVERSATIONS_KEY, getConversations, POLL_MS, usePrefetchHistory, type Which } from './api';
import { Avatar } from './Avatar';
import classes from './Conversations.module.css';
import { summary } from './thread';
import type { Conversation } from './types';

/** Loaded when opened. */
const NewConversation = lazy(() => import('./compose/NewConversation'));

interface RowProps {
  talk: Conversation;
  chosen: boolean;
  /** The time of the last message as texts: they change at midnight without the conversation. */
  time: string;
  shortTime: string;
  /** The searched words; if not empty, the row is for the message that matched. */
  words: string;
}

/** Opening a conversation renders two rows again, not all. */
const Row = memo(function Row({ talk, chosen, time, shortTime, words }: RowProps) {
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

/** Moves the focus within the list: by one row with ↑ and ↓, to its ends with Home and End. */
function walk(event: KeyboardEvent<HTMLElement>) {
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>('a')];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: rows.length - 1 }[event.key];
  if (at === -1 || to === undefined) return;
  event.preventDefault();
  rows[Math.min(rows.length - 1, Math.max(0, to))]?.focus();
}

/** The list of conversations, most recent first. */
export function ConversationList({ chosen }: { chosen: string | undefined }) {
  const t = useText();
  const formatTime = useFormatTime();
  const formatShortTime = useFormatShortTime();
  const c = t.conversations;
  const [typed, setTyped] = useState('');
  const [words] = useDebouncedValue(typed.trim(), 300);
  const [begins, dialog] = useDisclosure(false);
  const inbox = useInbox();
  const [chosenTab, choose] = useState<Which | null>(null);
  // Shows the unanswered conversations if there are any, until the user
  // chooses a tab.
  if (chosenTab === null && inbox) choose(inbox.sin_responder > 0 ? 'sin_responder' : 'todas');
  // A search covers all conversations.
  const which: Which = words === '' ? (chosenTab ?? 'todas') : 'todas';
  const waiting = inbox?.sin_responder ?? 0;
  const pages = usePages({
    key: [...CONVERSATIONS_KEY, 'list', which, words],
    fetch: (cursor, signal) => getConversations(which, words, cursor, signal),
    enabled: chosenTab !== null || words !== '',
    everyMs: POLL_MS,
  });
  return (
    <section aria-label={c.list} className={classes.listBody}>
      <AskForAlerts />
      <Button
        variant="light"
        leftSection={<IconMessagePlus size={18} aria-hidden />}
        className={classes.begin ?? ''}
        onClick={dialog.open}
      >
        {c.begin.button}
      </Button>
      <Dialog opened={begins} title={c.begin.button} onClose={dialog.close}>
        <Suspense fallback={<ScreenLoading />}>
          <NewConversation onDone={dialog.close} />
        </Suspense>
      </Dialog>
      <SegmentedControl<Which>
        aria-label={c.which}
        fullWidth
        value={which}
        onChange={choose}
        disabled={words !== ''}
        data={[
          {
            value: 'sin_responder',
            label:
              waiting > 0 ? `${c.unanswered} (${countText(waiting, inbox?.hay_mas === true)})` : c.unanswered,
          },
          { value: 'todas', label: c.all },
        ]}
      />
      <TextInput
        type="search"
        label={c.search}
        placeholder={c.searchHint}
        maxLength={200}
        leftSection={<IconSearch size={16} aria-hidden />}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      <PagedList
        pages={pages}
        empty={
          words === '' && which === 'sin_responder' ? (
            <Empty icon={IconCircleCheck} title={c.allAnswered} />
          ) : words === '' ? (
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
                <Row
                  talk={talk}
                  chosen={chosen === (talk.telefono ?? talk.chat)}
                  time={formatTime(talk.ultimo.fecha)}
                  shortTime={formatShortTime(talk.ultimo.fecha)}
                  words={words}
                />
              </li>
            ))}
          </ul>
        )}
      </PagedList>
    </section>
  );
}
