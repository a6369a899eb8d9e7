import { Button, Group, Stack, Text } from '@mantine/core';
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react';
import type { ReactNode } from 'react';

import { ListFailed } from './ListFailed';
import { ScreenLoading } from './ScreenLoading';
import { SearchProgress } from './SearchProgress';
import { useText } from '../i18n/I18nProvider';
import type { Pages } from './pages';

interface Props<T> {
  pages: Pages<T>;
  /** Rendered if the list is empty. */
  empty: ReactNode;
  children: (items: readonly T[]) => ReactNode;
}

/** A page of a list with navigation, including its loading, failed and empty states. */
export function PagedList<T>({ pages, empty, children }: Props<T>) {
  const t = useText();
  const { items, error, back, forward } = pages;
  return (
    <Stack gap="sm">
      {error && <ListFailed error={error} onRetry={pages.retry} />}
      {pages.walk && <SearchProgress walk={pages.walk} />}
      {items === undefined && !error && !pages.walk && <ScreenLoading />}
      {items !== undefined && items.length === 0 && !pages.walk && !pages.stale && (
        <>
          {!forward && empty}
          {forward && (
            <Text size="sm" c="dimmed" role="status">
              {t.list.stopped}
            </Text>
          )}
        </>
      )}
      {items !== undefined && items.length > 0 && (
        <div style={{ opacity: pages.stale ? 0.6 : 1 }} aria-busy={pages.stale}>
          {children(items)}
        </div>
      )}
      {(back ?? forward) && (
        <Group component="nav" justify="flex-end" gap="sm" aria-label={t.list.pages}>
          <Text size="sm" c="dimmed" role="status">
            {t.list.page(pages.number)}
          </Text>
          <Button
            size="xs"
            variant="default"
            leftSection={<IconChevronLeft size={16} aria-hidden />}
            disabled={!back}
            onClick={back ?? undefined}
          >
            {t.list.back}
          </Button>
          <Button
            size="xs"
            variant="default"
            rightSection={<IconChevronRight size={16} aria-hidden />}
            disabled={!forward}
            onClick={forward ?? undefined}
          >
            {t.list.forward}
          </Button>
        </Group>
      )}
    </Stack>
  );
}
