import { ActionIcon, Button, Text, TextInput, UnstyledButton } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconSearch, IconX } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';

import { useText } from '../i18n/I18nProvider';
import { useFormatTime } from '../live/useFormatTime';
import { ActionError } from '../ui/ActionError';
import { Marked } from '../ui/Marked';
import { usePageSearch } from '../ui/pages';
import { SearchProgress } from '../ui/SearchProgress';
import { getHistory } from './api';
import classes from './Conversations.module.css';
import { summary } from './thread';

const PER_SEARCH = 20;

function useFound(number: string, buscar: string) {
  const { walk, run } = usePageSearch();
  const found = useInfiniteQuery({
    // Not under the key of the conversations: each event would repeat the whole search.
    queryKey: ['conversation-search', number, buscar],
    staleTime: 0,
    queryFn: async ({ pageParam, signal }) => {
      const { page } = await run(
        pageParam,
        (antes) =>
          getHistory(
            number,
            { buscar, antes, limite: PER_SEARCH },
            { signal, timeoutMs: 30_000 },
          ),
        (part) => ({ items: part.mensajes, next: part.siguiente }),
        signal,
      );
      return page;
    },
    initialPageParam: null as number | null,
    getNextPageParam: (page) => page.siguiente,
    enabled: buscar !== '',
  });
  return { ...found, walk: found.isFetching ? walk : null };
}

interface Props {
  number: string;
  who: string;
  onFound: (id: number) => void;
  onClose: () => void;
}

/** Searches the messages of a conversation; a click on a result jumps to its message. */
export function ThreadSearch({ number, who, onFound, onClose }: Props) {
  const t = useText();
  const c = t.conversations.find;
  const formatTime = useFormatTime();
  const [typed, setTyped] = useState('');
  const [words] = useDebouncedValue(typed.trim(), 300);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus({ preventScroll: true }), []);
  const { data, error, isFetching, hasNextPage, fetchNextPage, isFetchingNextPage, walk } =
    useFound(number, words);
  const found = words === '' ? [] : (data?.pages.flatMap((page) => page.mensajes) ?? []);
  return (
    <div
      role="search"
      aria-label={c.label}
      className={classes.find}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onClose();
      }}
    >
      <div className={classes.findField}>
        <TextInput
          ref={field}
          type="search"
          aria-label={c.label}
          placeholder={c.hint}
          maxLength={200}
          leftSection={<IconSearch size={16} aria-hidden />}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <ActionIcon variant="subtle" color="gray" size={36} aria-label={c.close} onClick={onClose}>
          <IconX size={18} aria-hidden />
        </ActionIcon>
      </div>
      <Text size="xs" c="dimmed" role="status">
        {words !== '' &&
          data &&
          !isFetching &&
          (found.length > 0
            ? c.count(found.length, hasNextPage)
            : hasNextPage
              ? t.list.stopped
              : c.nothing)}
      </Text>
      <ActionError error={error} />
      {walk && <SearchProgress walk={walk} />}
      {found.length > 0 && (
        <ul className={classes.found}>
          {found.map((message) => (
            <li key={message.id}>
              <UnstyledButton className={classes.foundOne} onClick={() => onFound(message.id)}>
                <span className={classes.foundHead}>
                  {message.direccion === 'saliente' ? t.conversations.content.you : who} · {formatTime(message.fecha)}
                </span>
                <span className={classes.foundText}>
                  <Marked text={summary(t, message)} search={words} />
                </span>
              </UnstyledButton>
            </li>
          ))}
        </ul>
      )}
      {hasNextPage && words !== '' && (
        <Button
          size="compact-sm"
          variant="default"
          loading={isFetchingNextPage}
          onClick={() => void fetchNextPage()}
        >
          {c.more}
        </Button>
      )}
    </div>
  );
}
