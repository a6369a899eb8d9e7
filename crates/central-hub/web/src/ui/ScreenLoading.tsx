import { Group, Loader, Text } from '@mantine/core';

import { useText } from '../i18n/I18nProvider';

export function ScreenLoading() {
  const t = useText();
  return (
    <Group justify="center" py={96} role="status">
      <Loader size="sm" aria-hidden />
      <Text c="dimmed">{t.app.loading}</Text>
    </Group>
  );
}
