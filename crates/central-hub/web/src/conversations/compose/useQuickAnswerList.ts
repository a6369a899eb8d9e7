import { useId, useState, type KeyboardEvent, type RefObject } from 'react';

import { fill } from '../../lib/template';
import { useQuickAnswers, type QuickAnswer } from '../../quickanswers/api';
import { shortcutAt, fieldsOf, matching, ofBusiness } from '../../quickanswers/shortcutMatching';

/** Maximum number of quick answers offered; typing more narrows them down. */
const MAX_OFFERED = 30;

interface Options {
  box: RefObject<HTMLTextAreaElement | null>;
  text: string;
  put: (text: string) => void;
  /** The contact's name, if known, and number. */
  name: string | null;
  phone: string;
  business: number | null;
}

export interface QuickAnswerList {
  /** What to show: nothing, the list, or the reason why there is no list. */
  shows: 'nothing' | 'list' | 'loading' | 'none' | 'failed';
  listId: string;
  found: readonly QuickAnswer[];
  /** Index of the answer that Enter selects. */
  active: number;
  optionId: (at: number) => string;
  /** The names of the contact's details that the inserted text needs but are unknown. */
  missing: readonly string[];
  choose: (answer: QuickAnswer) => void;
  /** Removes the typed shortcut from the text, so that it does not stay in the draft. */
  leave: () => void;
  /** Opens the list at the cursor, or closes it. */
  toggle: () => void;
  /** Updates the cursor position after a change or a move; `typed` for a change of the text. */
  follow: (typed: boolean) => void;
  /** Handles a key pressed in the box; returns whether the list consumed it. */
  handleKey: (event: KeyboardEvent) => boolean;
}

/**
 * Manages the quick answers for the word after a `/` in the answer box: the list of a
 * combobox, whose focus stays in the box.
 */
export function useQuickAnswerList({ box, text, put, name, phone, business }: Options): QuickAnswerList {
  const listId = useId();
  const [cursor, setCursor] = useState(0);
  const [closedAt, setClosedAt] = useState<number | null>(null);
  const [active, setActive] = useState(0);
  const [missing, setMissing] = useState<readonly string[]>([]);
  const shortcut = shortcutAt(text, Math.min(cursor, text.length));
  const isOpen = shortcut !== null && shortcut.start !== closedAt;
  const answers = useQuickAnswers(isOpen);
  const all = ofBusiness(answers.data ?? [], business);
  const found = isOpen ? matching(all, shortcut.word).slice(0, MAX_OFFERED) : [];
  const at = Math.min(active, Math.max(0, found.length - 1));

  function state(): QuickAnswerList['shows'] {
    if (!isOpen) return 'nothing';
    if (found.length > 0) return 'list';
    if (answers.error) return 'failed';
    if (!answers.data) return 'loading';
    // A word without a matching answer is plain text.
    return all.length === 0 && shortcut.word === '' ? 'none' : 'nothing';
  }
  const shows = state();

  /** Selects a range, after the new text is rendered in the box. */
  function select(from: number, until: number) {
    requestAnimationFrame(() => {
      box.current?.focus();
      box.current?.setSelectionRange(from, until);
      setCursor(until);
    });
  }

  function choose(answer: QuickAnswer) {
    if (!shortcut) return;
    const filled = fill(answer.texto, fieldsOf(name, phone));
    put(text.slice(0, shortcut.start) + filled.text + text.slice(shortcut.end));
    setMissing(filled.missing);
    const gap = filled.missing.length > 0 ? filled.text.indexOf('…') : -1;
    const end = shortcut.start + filled.text.length;
    if (gap === -1) select(end, end);
    else select(shortcut.start + gap, shortcut.start + gap + 1);
  }

  function toggle() {
    if (shows !== 'nothing' && shortcut) {
      setClosedAt(shortcut.start);
      select(shortcut.end, shortcut.end);
      return;
    }
    const position = box.current?.selectionStart ?? text.length;
    const before = text.slice(0, position);
    // Reopens a closed list; otherwise inserts the slash that opens one.
    const closedShortcut = shortcutAt(text, position);
    const slash = closedShortcut ? '' : /(^|\s)$/.test(before) ? '/' : ' /';
    put(before + slash + text.slice(position));
    setClosedAt(null);
    setActive(0);
    select(position + slash.length, position + slash.length);
  }

  function follow(typed: boolean) {
    const next = box.current?.selectionStart ?? 0;
    const value = box.current?.value ?? '';
    setCursor(next);
    if (shortcutAt(value, next)?.start !== closedAt) setClosedAt(null);
    if (!typed) return;
    setActive(0);
    if (!value.includes('…')) setMissing([]);
  }

  function handleKey(event: KeyboardEvent): boolean {
    if (shows === 'nothing' || !shortcut || event.nativeEvent.isComposing) return false;
    const { key } = event;
    if (key === 'Escape') {
      setClosedAt(shortcut.start);
    } else if (shows !== 'list') {
      // A shortcut whose answer is not there yet is not to be sent as it is.
      if (key !== 'Enter' || event.shiftKey || shows === 'none') return false;
    } else if (key === 'ArrowDown' || key === 'ArrowUp') {
      const step = key === 'ArrowDown' ? 1 : -1;
      setActive((at + step + found.length) % found.length);
    } else if ((key === 'Enter' && !event.shiftKey) || (key === 'Tab' && !event.shiftKey)) {
      const answer = found[at];
      if (answer) choose(answer);
    } else {
      return false;
    }
    event.preventDefault();
    return true;
  }

  return {
    shows,
    listId,
    found,
    active: at,
    optionId: (option) => `${listId}-${option}`,
    missing,
    choose,
    leave: () => {
      if (shortcut) put(text.slice(0, shortcut.start) + text.slice(shortcut.end));
    },
    toggle,
    follow,
    handleKey,
  };
}
