import { ActionIcon, Anchor, Badge, Button, Menu, Text, Title, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconArrowLeft, IconBellOff, IconCheck, IconDotsVertical, IconSearch } from '@tabler/icons-react';
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { Link, useSearchParams } from 'wouter';

import { useSeesAll } from '../auth/AuthProvider';
import { useLinks } from '../auth/links';
import { useText } from '../i18n/I18nProvider';
import { formatPhone } from '../lib/phone';
import { MESSAGE_PARAM, ROUTES } from '../lib/routes';
import { writeStored, readStored } from '../lib/browserStorage';
import { usePageTitle } from '../lib/usePageTitle';
import { useConfig } from '../live/queries';
import { useFormatDay } from '../live/useFormatTime';
import { ActionError } from '../ui/ActionError';
import { ConfirmDialog } from '../ui/ConfirmDialog';
import { ScreenLoading } from '../ui/ScreenLoading';
import { toast } from '../ui/toast';
import { useAction } from '../ui/useAction';
import { useMessageActions } from './actions/useMessageActions';
import { AnswerBox } from './AnswerBox';
import {
  addOptOut,
  CONVERSATIONS_KEY,
  markAttended,
  OPT_OUT_KEY,
  removeOptOut,
  useHistory,
  useOptOut,
} from './api';
import { Avatar } from './Avatar';
import { picturesOf } from './content/preview';
import { Viewer } from './content/Viewer';
import classes from './Conversations.module.css';
import { MessageList, type MessageListHandle } from './MessageList';
import { businessOf } from './thread';
import { ThreadSearch } from './ThreadSearch';
import type { Message } from './types';
import { useJump } from './useJump';
import { useReading } from './useReading';

const NO_MESSAGES: readonly Message[] = [];

/** Loaded when opened: its fields are larger than the code for messages. */
const ContactPanel = lazy(() => import('./ContactPanel'));

const PANEL_KEY = 'leadmaster-contact-beside';

/** Returns whether the window has room for the contact panel beside the messages. */
const isWide = (): boolean => window.matchMedia('(min-width: 100em)').matches;

/** A conversation: its messages and the answer box. */
export function Thread({ number }: { number: string }) {
  const t = useText();
  const c = t.conversations;
  const zone = useConfig().data?.zone ?? 'UTC';
  const inSight = useRef<number | null>(null);
  const { known, error, isLoadingOlder, loadOlder, loadBackTo } = useHistory(number, inSight);
  const numberText = formatPhone(number);
  const name = known?.nombre ?? null;
  const who = name ?? numberText;
  usePageTitle(who);
  const messages = known?.messages ?? NO_MESSAGES;
  const pictures = useMemo(() => picturesOf(messages), [messages]);
  const hasOlder = known !== undefined && known.older !== null;
  const phone = known?.telefono ?? number;
  const optOut = useOptOut(phone, known ? known.newest : null);
  useReading(number, known);
  const actions = useMessageActions(number);
  const attend = useAction(CONVERSATIONS_KEY, () => markAttended(phone), () =>
    toast({ text: c.attended(who) }),
  );
  const undoOptOut = useAction(OPT_OUT_KEY, () => removeOptOut(phone));
  const [isSearching, setSearching] = useState(false);
  // `kept` from an earlier visit, or `opened` by the user in this one.
  const [panel, setPanel] = useState<'kept' | 'opened' | null>(() =>
    readStored(PANEL_KEY) === 'yes' && isWide() ? 'kept' : null,
  );
  const isPanelOpen = panel !== null;
  const showPanel = (next: boolean) => {
    setPanel(next ? 'opened' : null);
    writeStored(PANEL_KEY, next ? 'yes' : null);
  };
  const searchButton = useRef<HTMLButtonElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const dropZone = useRef<HTMLElement>(null);
  const [openPicture, setOpenPicture] = useState<number | null>(null);
  const open = useCallback(({ id }: { id: number }) => setOpenPicture(id), []);
  const list = useRef<MessageListHandle>(null);
  const show = useCallback((id: number) => list.current?.show(id), []);
  const notFound = useCallback(() => toast({ text: c.content.notFound }), [c]);
  const showEnd = useCallback(() => list.current?.showEnd(), []);
  const jump = useJump({ messages, loadBackTo }, show, notFound);
  const formatDay = useFormatDay();
  // The URL's message, from a search result. After the jump the URL is that of the chat.
  const [search, setSearch] = useSearchParams();
  const targetId = Number(search.get(MESSAGE_PARAM));
  const { to: jumpTo } = jump;
  const isKnown = known !== undefined;
  useEffect(() => {
    if (!isKnown || !Number.isSafeInteger(targetId) || targetId <= 0) return;
    jumpTo(targetId);
    setSearch({}, { replace: true });
  }, [isKnown, targetId, jumpTo, setSearch]);
  return (
    <section ref={dropZone} className={classes.thread} aria-label={c.thread(who)} data-beside={isPanelOpen || undefined}>
      <div className={classes.title}>
        <ActionIcon
          component={Link}
          to={ROUTES.conversations}
          variant="subtle"
          color="gray"
          size={44}
          aria-label={c.back}
          className={classes.back ?? ''}
        >
          <IconArrowLeft size={20} aria-hidden />
        </ActionIcon>
        <Title order={2} size="h5" lh={1.25} className={classes.whoTitle}>
          <UnstyledButton
            ref={opener}
            className={classes.whoButton}
            aria-expanded={isPanelOpen}
            aria-controls={isPanelOpen ? 'contact-panel' : undefined}
            title={c.contact.open(who)}
            onClick={() => showPanel(!isPanelOpen)}
          >
            <Avatar name={name} chat={number} />
            <span className={classes.who}>
              <Text span inherit truncate display="block">
                {who}
              </Text>
              {name && (
                <Text span size="xs" c="dimmed" fw={400} truncate display="block">
                  {numberText}
                </Text>
              )}
            </span>
          </UnstyledButton>
        </Title>
        {optOut.data && (
          <Badge variant="light" color="red" tt="none" data-testid="opted-out">
            {c.optedOut}
          </Badge>
        )}
        {known && known.sin_responder_desde !== null && (
          <Button
            size="compact-sm"
            variant="default"
            className={classes.attend ?? ''}
            title={c.attend}
            loading={attend.isPending}
            onClick={() => attend.mutate()}
          >
            <IconCheck size={16} aria-hidden />
            <span className={classes.attendWords}>{c.attend}</span>
          </Button>
        )}
        <ActionIcon
          ref={searchButton}
          variant="subtle"
          color="gray"
          size={44}
          aria-label={c.find.open}
          aria-expanded={isSearching}
          onClick={() => setSearching(!isSearching)}
        >
          <IconSearch size={20} aria-hidden />
        </ActionIcon>
        {!optOut.data && <OptOutMenu phone={phone} who={who} onUndo={undoOptOut.mutate} />}
      </div>
      {isSearching && (
        <ThreadSearch
          number={number}
          who={who}
          onFound={jump.to}
          onClose={() => {
            setSearching(false);
            searchButton.current?.focus();
          }}
        />
      )}
      {isPanelOpen && (
        <Suspense fallback={null}>
          <ContactPanel
            number={phone}
            who={who}
            takesFocus={panel === 'opened'}
            onClose={() => {
              showPanel(false);
              opener.current?.focus();
            }}
          />
        </Suspense>
      )}
      <ActionError error={error ?? attend.error ?? undoOptOut.error ?? optOut.error} />
      <div role="status">
        {jump.search && (
          <div className={classes.far}>
            <Text span size="sm">
              {c.content.looking(jump.search.oldest === null ? null : formatDay(jump.search.oldest))}
            </Text>
            <Button size="compact-xs" variant="default" onClick={jump.stop}>
              {c.content.stopLooking}
            </Button>
          </div>
        )}
      </div>
      <MessageList
        ref={list}
        label={c.thread(who)}
        messages={messages}
        newest={known?.newest ?? 0}
        zone={zone}
        who={who}
        lit={jump.lit}
        hasOlder={hasOlder}
        isLoadingOlder={isLoadingOlder}
        onOlder={loadOlder}
        inSight={inSight}
        onOpen={open}
        onJump={jump.to}
        closed={Boolean(optOut.data)}
        onAct={actions.act}
      >
        {!known && !error && <ScreenLoading />}
        {known && (
          <Text c="dimmed" ta="center" py="xl">
            {c.noMessages}
          </Text>
        )}
      </MessageList>
      <Viewer
        pictures={pictures}
        shown={openPicture}
        who={who}
        onShow={setOpenPicture}
        onClose={() => setOpenPicture(null)}
      />
      {actions.dialogs}
      {optOut.data ? (
        <Closed who={who} />
      ) : (
        <AnswerBox
          chat={number}
          number={phone}
          who={who}
          name={name}
          business={businessOf(messages)}
          messages={messages}
          zone={dropZone}
          answered={actions.answered}
          onAnswerNone={actions.answerNone}
          onSend={showEnd}
        />
      )}
    </section>
  );
}

/** Replaces the answer box for a contact who opted out. */
function Closed({ who }: { who: string }) {
  const c = useText().conversations;
  const to = useLinks()('optOuts');
  return (
    <div className={classes.answer} data-testid="closed-box">
      <Text size="sm">
        <IconBellOff size={16} aria-hidden style={{ verticalAlign: 'text-bottom' }} />{' '}
        {c.optedOutBox(who)}{' '}
        {to && (
          <Anchor component={Link} to={to} size="sm">
            {c.optedOutManage}
          </Anchor>
        )}
      </Text>
    </div>
  );
}

function OptOutMenu({ phone, who, onUndo }: { phone: string; who: string; onUndo: () => void }) {
  const t = useText();
  const c = t.conversations;
  const seesAll = useSeesAll();
  const [asking, dialog] = useDisclosure(false);
  const add = useAction(
    OPT_OUT_KEY,
    () => addOptOut({ telefono: phone, motivo: c.optOutReason }),
    () => {
      dialog.close();
      toast({
        text: c.optOutDone(who),
        // Only administrators can remove an opt-out.
        ...(seesAll ? { undo: { label: t.app.undo, act: onUndo } } : {}),
      });
    },
  );
  return (
    <>
      <Menu position="bottom-end" withinPortal={false}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size={44} aria-label={c.menu}>
            <IconDotsVertical size={20} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconBellOff size={16} aria-hidden />} onClick={dialog.open}>
            {c.optOut}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <ConfirmDialog
        opened={asking}
        title={c.optOutTitle(who)}
        text={c.optOutText}
        confirm={c.optOut}
        pending={add.isPending}
        error={add.error}
        onConfirm={() => add.mutate()}
        onClose={dialog.close}
      />
    </>
  );
}
