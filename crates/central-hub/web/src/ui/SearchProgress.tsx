import { Button, Group, Progress, Stack, Text } from '@mantine/core';

import { useText } from '../i18n/I18nProvider';
import type { PageSearch } from './pages';

/** The progress of a search through the whole history, with a stop button. */
export function SearchProgress({ walk }: { walk: PageSearch }) {
  const t = useText();
  return (
    <Stack gap={4}>
      <Group justify="space-between" gap="sm" wrap="nowrap">
        <Text size="sm" c="dimmed" role="status">
          {t.list.searching}
        </Text>
        <Button size="xs" variant="default" onClick={walk.stop}>
          {t.list.stop}
        </Button>
      </Group>
      <Progress value={walk.percent ?? 0} size="sm" aria-label={t.list.searching} />
    </Stack>
  );
}
