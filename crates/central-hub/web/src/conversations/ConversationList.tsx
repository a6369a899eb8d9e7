import { Button, SegmentedControl, TextInput } from '@mantine/core';
import { useDebouncedValue, useDisclosure } from '@mantine/hooks';
import { IconCircleCheck, IconMessageCircle, IconMessagePlus, IconSearch } from '@tabler/icons-react';
import { lazy, Suspense, useRef, useState, type KeyboardEvent, type RefObject } from 'react';

import { useText } from '../i18n/I18nProvider';
import { countText } from '../live/countText';
import { useInbox } from '../live/useInbox';
import { useFormatTime, useFormatShortTime } from '../live/useFormatTime';
import { Dialog } from '../ui/Dialog';
import { Empty } from '../ui/Empty';
import { ListFailed } from '../ui/ListFailed';
import { PagedList } from '../ui/PagedList';
import { ScreenLoading } from '../ui/ScreenLoading';
import { usePages } from '../ui/pages';
import { AskForAlerts } from './AskForAlerts';
import { CONVERSATIONS_KEY, getConversations, POLL_MS, type Which } from './api';
import { ConversationRow } from './ConversationRow';
import classes from './Conversations.module.css';
import { EndlessList } from './EndlessList';
import { useConversations } from './useConversations';

/** Loaded when opened. */
const NewConversation = lazy(() => import('./compose/NewConversation'));

/** Moves the focus within the found ones: by one row with ↑ and ↓, to the ends with Home and End. */
function walk(event: KeyboardEvent<HTMLElement>) {
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>('a')];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: rows.length - 1 }[event.key];
  if (at === -1 || to === undefined) return;
  event.preventDefault();
  rows[Math.min(rows.length - 1, Math.max(0, to))]?.focus();
}

interface Props {
  chosen: string | undefined;
  /** The element that scrolls, which contains the list. */
  scroller: RefObject<HTMLElement | null>;
}

/** The list of conversations, most recent first. */
export function ConversationList({ chosen, scroller }: Props) {
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
  const inSight = useRef<number | null>(null);
  const list = useConversations(which, chosenTab !== null && words === '', inSight);
  const { known } = list;
  const pages = usePages({
    key: [...CONVERSATIONS_KEY, 'search', words],
    fetch: (cursor, signal) => getConversations(which, words, cursor, signal),
    enabled: words !== '',
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
      {words === '' ? (
        <>
          {list.error && <ListFailed error={list.error} onRetry={list.retry} />}
          {!known && !list.error && <ScreenLoading />}
          {known?.conversations.length === 0 &&
            (which === 'sin_responder' ? (
              <Empty icon={IconCircleCheck} title={c.allAnswered} />
            ) : (
              <Empty icon={IconMessageCircle} title={c.emptyTitle} text={c.emptyText} />
            ))}
          {known && known.conversations.length > 0 && (
            <EndlessList
              key={which}
              conversations={known.conversations}
              chosen={chosen}
              scroller={scroller}
              hasMore={known.below !== null}
              isLoadingMore={list.isLoadingMore}
              onMore={list.loadMore}
              inSight={inSight}
            />
          )}
        </>
      ) : (
        <PagedList
          pages={pages}
          empty={<Empty icon={IconSearch} title={c.nothingTitle} text={c.nothingText} />}
        >
          {(items) => (
            <ul className={classes.rows} onKeyDown={walk}>
              {items.map((talk) => (
                <li key={talk.chat}>
                  <ConversationRow
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
      )}
    </section>
  );
}
