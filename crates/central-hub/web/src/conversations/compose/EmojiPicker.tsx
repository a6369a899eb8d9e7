import { Text, TextInput, VisuallyHidden } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useDeferredValue, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import rows from 'virtual:emoji';

import { useText } from '../../i18n/I18nProvider';
import classes from './Compose.module.css';
import { findEmoji, GROUPS, neighbour, noteEmoji, recentEmoji, type EmojiRow } from './emoji';

/** Maximum number of search results, best matches first. */
const MAX_RESULTS = 200;

const byEmoji = new Map(rows.map((row) => [row[0], row]));

interface Props {
  onPick: (emoji: string) => void;
  onClose: () => void;
}

/** A searchable list of emoji by group. */
export default function EmojiPicker({ onPick, onClose }: Props) {
  const t = useText();
  const e = t.conversations.emoji;
  const [search, setSearch] = useState('');
  const deferredSearch = useDeferredValue(search);
  // Read once, so that no emoji moves under the pointer after a choice.
  const [recent] = useState(recentEmoji);
  // Tab reaches only this emoji; the arrow keys reach the others.
  const [at, setAt] = useState(0);
  const field = useRef<HTMLInputElement>(null);
  const grid = useRef<HTMLDivElement>(null);
  const groups = useMemo<{ key: string; label: string; some: readonly EmojiRow[] }[]>(() => {
    if (deferredSearch.trim() !== '') {
      return [{ key: 'found', label: e.found, some: findEmoji(rows, deferredSearch).slice(0, MAX_RESULTS) }];
    }
    const used = recent.map((one) => byEmoji.get(one)).filter((row) => row !== undefined);
    return [
      { key: 'recent', label: e.recent, some: used },
      ...GROUPS.map((group) => ({
        key: String(group),
        label: e.groups[group],
        some: rows.filter((row) => row[1] === group),
      })),
    ].filter(({ some }) => some.length > 0);
  }, [deferredSearch, recent, e]);
  const total = groups.reduce((sum, { some }) => sum + some.length, 0);

  function pick(emoji: string) {
    noteEmoji(emoji);
    onPick(emoji);
  }

  const buttons = () => [...(grid.current?.querySelectorAll<HTMLButtonElement>('button') ?? [])];

  function walk(event: KeyboardEvent) {
    if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      onClose();
      return;
    }
    const all = buttons();
    const focusedIndex = all.indexOf(document.activeElement as HTMLButtonElement);
    if (focusedIndex === -1) {
      if (event.key === 'ArrowDown') {
        event.preventDefault();
        all[0]?.focus();
      }
      if (event.key === 'Enter') {
        event.preventDefault();
        if (search.trim() !== '' && all[0]?.dataset['emoji']) pick(all[0].dataset['emoji']);
      }
      return;
    }
    if (!event.key.startsWith('Arrow') && event.key !== 'Home' && event.key !== 'End') return;
    event.preventDefault();
    const to = neighbour(all.map((one) => one.getBoundingClientRect()), focusedIndex, event.key);
    if (to === null) field.current?.focus();
    else all[to]?.focus();
  }

  let index = -1;
  return (
    <div className={classes.panel} role="group" aria-label={e.panel} onKeyDown={walk} data-testid="emoji">
      <TextInput
        ref={field}
        type="search"
        aria-label={e.search}
        placeholder={e.search}
        // Not on a phone, where the keyboard would cover the emoji.
        autoFocus={!window.matchMedia('(hover: none)').matches}
        size="sm"
        m={8}
        leftSection={<IconSearch size={16} aria-hidden />}
        value={search}
        onChange={(event) => {
          setSearch(event.currentTarget.value);
          setAt(0);
        }}
      />
      <VisuallyHidden role="status">
        {deferredSearch.trim() === '' ? '' : e.count(total)}
      </VisuallyHidden>
      {total === 0 && (
        <Text size="sm" c="dimmed" px={12} pb={12} aria-hidden>
          {e.count(0)}
        </Text>
      )}
      <div ref={grid} className={classes.emojiGroups}>
        {groups.map(({ key, label, some }) => (
          <section key={key} aria-label={label} className={classes.emojiGroup}>
            <Text size="xs" c="dimmed" component="h3" fw={600} m={0} px={4}>
              {label}
            </Text>
            <div className={classes.emojiGrid}>
              {some.map(([emoji, , es, en]) => {
                index += 1;
                const ownIndex = index;
                const name = t.locale.startsWith('es') ? es : en;
                return (
                  <button
                    key={emoji}
                    type="button"
                    className={classes.emoji}
                    aria-label={name}
                    title={name}
                    data-emoji={emoji}
                    tabIndex={ownIndex === Math.min(at, total - 1) ? 0 : -1}
                    onFocus={() => setAt(ownIndex)}
                    onClick={() => pick(emoji)}
                  >
                    {emoji}
                  </button>
                );
              })}
            </div>
          </section>
        ))}
      </div>
    </div>
  );
}
