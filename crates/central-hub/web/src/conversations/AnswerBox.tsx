import { ActionIcon, Button, FileButton, Text, Textarea } from '@mantine/core';
import { IconBolt, IconMicrophone, IconMoodSmile, IconPaperclip, IconSend } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import {
  lazy,
  Suspense,
  useCallback,
  useEffect,
  useRef,
  useState,
  type FormEvent,
  type RefObject,
} from 'react';

import { outcomeIsUnknown } from '../api/outcome';
import { useText } from '../i18n/I18nProvider';
import { newKey } from '../lib/key';
import { useDryRun } from '../live/useDryRun';
import { useLine } from '../live/useLine';
import { useSending } from '../live/useSending';
import { ActionError } from '../ui/ActionError';
import { toast } from '../ui/toast';
import { AnsweredMessage } from './actions/AnsweredMessage';
import { CONVERSATIONS_KEY } from './api';
import { AttachmentList } from './AttachmentList';
import { filesOf } from './attachments';
import { QuickAnswerOptions } from './compose/QuickAnswerOptions';
import { useAnswer, type Attempt } from './compose/useAnswer';
import { useQuickAnswerList } from './compose/useQuickAnswerList';
import { useVoice } from './compose/useVoice';
import { VoicePanel } from './compose/VoicePanel';
import classes from './Conversations.module.css';
import type { Message } from './types';
import { useAttachments } from './useAttachments';
import { useDrop } from './useDrop';

/** Loaded when opened, since the names of all emoji are large. */
const EmojiPicker = lazy(() => import('./compose/EmojiPicker'));

interface Props {
  /** The chat id from the URL, which is also the key of the draft. */
  chat: string;
  number: string;
  who: string;
  /** The contact's name, if known. */
  name: string | null;
  business: number | null;
  messages: readonly Message[];
  /** The element onto which files can be dropped. */
  zone: RefObject<HTMLElement | null>;
  /** The message to quote, if the user chose one. */
  answered: Message | null;
  onAnswerNone: () => void;
  /** Called when something begins to be sent. */
  onSend: () => void;
}

/**
 * Returns whether the device has a touch screen, whose keyboard covers half
 * of the screen.
 */
const isTouch = (): boolean => window.matchMedia('(hover: none)').matches;

/** The box to write an answer. Repeated clicks send a text only once. */
export function AnswerBox({
  chat,
  number,
  who,
  name,
  business,
  messages,
  zone,
  answered,
  onAnswerNone,
  onSend,
}: Props) {
  const t = useText();
  const c = t.conversations;
  const dryRun = useDryRun();
  const line = useLine();
  const sending = useSending();
  const queries = useQueryClient();
  const written = useAnswer(chat);
  const { text, put } = written;
  const [problem, setProblem] = useState<string | null>(null);
  const box = useRef<HTMLTextAreaElement>(null);
  const form = useRef<HTMLFormElement>(null);
  const files = useAttachments(chat);
  const { add } = files;
  const [hadFolder, setHadFolder] = useState(false);
  const reset = useRef<() => void>(null);
  const drop = useCallback(
    (dropped: readonly File[], withFolder: boolean) => {
      add(dropped);
      setHadFolder(withFolder);
    },
    [add],
  );
  const isDragOver = useDrop(zone, drop);
  const [pickerOpen, setPickerOpen] = useState(false);

  // Focuses the box: users open a chat to answer it.
  useEffect(() => {
    if (!isTouch()) box.current?.focus({ preventScroll: true });
    // Puts the cursor at the end, to continue a draft.
    const end = box.current?.value.length ?? 0;
    box.current?.setSelectionRange(end, end);
  }, []);

  // Returns the focus to the box after the user chose a message to quote.
  const answeredId = answered?.id;
  useEffect(() => {
    if (answeredId !== undefined) box.current?.focus();
  }, [answeredId]);

  // Files can be pasted wherever the focus is, but for another field and a dialog.
  useEffect(() => {
    const paste = (event: ClipboardEvent) => {
      const { target } = event;
      const isElsewhere =
        target instanceof Element &&
        target !== box.current &&
        target.closest('input, textarea, [contenteditable], [role="dialog"]') !== null;
      const pasted = isElsewhere ? [] : filesOf(event.clipboardData);
      if (pasted.length === 0) return;
      event.preventDefault();
      drop(pasted, false);
      box.current?.focus();
    };
    document.addEventListener('paste', paste);
    return () => document.removeEventListener('paste', paste);
  }, [drop]);

  // An answer goes on when the chat is left, with this box's functions but without the box.
  const isOpen = useRef(true);
  const quoted = useRef(answered);
  useEffect(() => {
    quoted.current = answered;
  }, [answered]);
  useEffect(() => {
    isOpen.current = true;
    return () => {
      isOpen.current = false;
    };
  }, []);
  /** Removes the quote, unless the user chose another one meanwhile. */
  const unquote = (sent: Message | null) => {
    if (quoted.current?.id === sent?.id) onAnswerNone();
  };
  const tellIfLeft = () => {
    if (!isOpen.current) toast({ text: c.attach.leftBehind(who) });
  };
  const settle = () => {
    // Whoever writes a note meanwhile goes on with it.
    const { activeElement } = document;
    const isElsewhere = activeElement !== document.body && !form.current?.contains(activeElement);
    if (!isElsewhere) box.current?.focus();
    void queries.invalidateQueries({ queryKey: CONVERSATIONS_KEY });
  };

  const answers = useQuickAnswerList({ box, text, put, name, phone: number, business });
  const target = { to: number, ...(business === null ? {} : { cliente_id: business }) };
  const replyTo = answered?.message_id ?? null;
  const voice = useVoice(
    chat,
    { ...target, ...(replyTo && { reply_to: replyTo }) },
    (simulated) => {
      written.note({ simulated });
      unquote(answered);
      settle();
    },
    tellIfLeft,
  );

  /** Inserts an emoji at the cursor, and moves the cursor behind the emoji. */
  function insert(emoji: string) {
    const at = box.current?.selectionStart ?? text.length;
    const next = at + emoji.length;
    put(text.slice(0, at) + emoji + text.slice(box.current?.selectionEnd ?? at));
    requestAnimationFrame(() => box.current?.setSelectionRange(next, next));
  }

  async function sendFiles(caption: string, quote: Message | null) {
    onSend();
    written.note({ isUnderWay: true, error: null, sent: null, simulated: false });
    const sent = await files.send(target, { caption, replyTo: quote?.message_id ?? null });
    written.note({ isUnderWay: false, simulated: sent.simulated });
    if (sent.quoted) unquote(quote);
    if (sent.captioned) written.takeAway(caption);
    settle();
    // An audio file has no caption, so the text is sent as a separate message.
    if (sent.all && !sent.captioned && caption !== '') {
      await sendText(caption, sent.quoted ? null : quote);
      return;
    }
    if (!sent.all) tellIfLeft();
    await sendNext(sent.all, caption, quote);
  }

  /** Sends what the user wanted to send after a text or files, if those were sent. */
  async function sendNext(isSent: boolean, before: string, quoteBefore: Message | null) {
    const next = written.takeNext(before);
    if (!isSent || !next) return;
    const quote = next.quote?.id === quoteBefore?.id ? null : next.quote;
    if (files.keys().some((key) => next.files.includes(key))) await sendFiles(next.text.trim(), quote);
    else if (next.text.trim() !== '') await sendText(next.text, quote);
  }

  function submit(event?: FormEvent) {
    event?.preventDefault();
    // Also a second click that arrives before the button renders as busy.
    if (written.isUnderWay()) {
      written.noteNext(answered, files.keys());
      return;
    }
    if (files.keys().length > 0) void sendFiles(text.trim(), answered);
    else void sendText(text, answered);
  }

  /** Sends a text, and then what the user wanted to send after it. */
  async function sendText(mensaje: string, quote: Message | null) {
    if (mensaje.trim() === '') {
      written.note({ simulated: false });
      setProblem(c.answerEmpty);
      return;
    }
    const message: Omit<Attempt, 'key'> = {
      destinatario: number,
      mensaje,
      ...(business === null ? {} : { cliente_id: business }),
      ...(quote === null ? {} : { responde_a: quote.id }),
    };
    onSend();
    const isSent = await written.send(message, newKey());
    if (isSent) unquote(quote);
    else tellIfLeft();
    settle();
    await sendNext(isSent, mensaje, quote);
  }

  const { sent: data, error, simulated } = written;
  const unknown = error !== null && outcomeIsUnknown(error);
  // The message may have been sent since the response.
  const now = data && (messages.find(({ id }) => id === data.id)?.estado ?? data.estado);
  const canSend = !(sending?.detenido === true && dryRun === false);
  return (
    <form ref={form} onSubmit={submit} noValidate className={classes.answer}>
      <div role="status" aria-live="polite" data-testid="answer-outcome">
        {(now === 'simulado' || simulated) && <Text size="sm">{c.rehearsed(who)}</Text>}
        {now === 'pendiente' && <Text size="sm">{c.waiting}</Text>}
        {unknown && <Text size="sm">{c.unknown}</Text>}
        {sending?.detenido && dryRun === false && <Text size="sm">{t.sending.answer}</Text>}
        {!line.sends && dryRun === false && line.trouble && now !== 'pendiente' && (
          <Text size="sm">{c.lineDown}</Text>
        )}
      </div>
      {/* For an unknown outcome the text above suffices; the banner has the reason. */}
      <ActionError error={unknown ? null : error} />
      <AttachmentList
        list={files.list}
        notAdded={files.notAdded}
        hadFolder={hadFolder}
        isSending={files.isSending}
        onRemove={files.remove}
        onAsDocument={files.asDocument}
      />
      {answered && <AnsweredMessage message={answered} who={who} onClose={onAnswerNone} />}
      {isDragOver && (
        <div className={classes.drop} aria-hidden>
          {c.attach.drop}
        </div>
      )}
      <QuickAnswerOptions list={answers} />
      {pickerOpen && (
        <Suspense fallback={null}>
          <EmojiPicker
            onPick={insert}
            onClose={() => {
              setPickerOpen(false);
              box.current?.focus();
            }}
          />
        </Suspense>
      )}
      <VoicePanel voice={voice} canSend={canSend} />
      <div className={classes.write}>
        <FileButton
          multiple
          resetRef={reset}
          onChange={(chosen) => {
            drop(chosen, false);
            // Allows the same file to be chosen again.
            reset.current?.();
            box.current?.focus();
          }}
        >
          {(props) => (
            <ActionIcon
              {...props}
              variant="default"
              size={36}
              className={classes.tool ?? ''}
              aria-label={c.attach.button}
              title={c.attach.button}
            >
              <IconPaperclip size={18} aria-hidden />
            </ActionIcon>
          )}
        </FileButton>
        <ActionIcon
          variant="default"
          size={36}
          className={classes.tool ?? ''}
          aria-label={c.emoji.button}
          title={c.emoji.button}
          aria-expanded={pickerOpen}
          onClick={() => setPickerOpen(!pickerOpen)}
        >
          <IconMoodSmile size={18} aria-hidden />
        </ActionIcon>
        <ActionIcon
          variant="default"
          size={36}
          className={classes.tool ?? ''}
          aria-label={t.quickAnswers.box.open}
          title={t.quickAnswers.box.open}
          aria-expanded={answers.shows !== 'nothing'}
          // Keeps the focus and the cursor in the box.
          onMouseDown={(event) => event.preventDefault()}
          onClick={answers.toggle}
        >
          <IconBolt size={18} aria-hidden />
        </ActionIcon>
        <ActionIcon
          variant="default"
          size={36}
          className={classes.tool ?? ''}
          aria-label={c.voice.button}
          title={c.voice.button}
          disabled={voice.state !== 'idle'}
          onClick={voice.start}
        >
          <IconMicrophone size={18} aria-hidden />
        </ActionIcon>
        <Textarea
          ref={box}
          label={c.answer}
          description={c.answerHint}
          classNames={{ description: classes.hint ?? '', label: classes.label ?? '' }}
          autosize
          minRows={1}
          maxRows={6}
          value={text}
          error={problem}
          // A combobox without `role`: ARIA in HTML does not allow that role on a textarea.
          aria-autocomplete="list"
          aria-haspopup="listbox"
          {...(answers.shows === 'list'
            ? {
                'aria-controls': answers.listId,
                'aria-activedescendant': answers.optionId(answers.active),
              }
            : {})}
          onChange={(event) => {
            put(event.currentTarget.value);
            setProblem(null);
            answers.follow(true);
          }}
          onSelect={() => answers.follow(false)}
          onKeyDown={(event) => {
            if (answers.handleKey(event)) return;
            // Enter also ends the composition of an accent or a word.
            if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
            // On a phone Enter inserts a line: its keyboard has no Shift +
            // Enter.
            if (isTouch()) return;
            event.preventDefault();
            submit();
          }}
        />
        <Button
          type="submit"
          className={classes.send}
          loading={written.isBusy}
          disabled={!canSend}
          leftSection={<IconSend size={18} aria-hidden />}
        >
          {dryRun ? c.rehearse : c.send}
        </Button>
      </div>
    </form>
  );
}
