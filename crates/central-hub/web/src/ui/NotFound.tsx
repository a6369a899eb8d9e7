import { Button, Stack, Text, ThemeIcon, Title } from '@mantine/core';
import { IconMapOff } from '@tabler/icons-react';
import { Link } from 'wouter';

import { useText } from '../i18n/I18nProvider';
import { HOME } from '../lib/routes';
import { usePageTitle } from '../lib/usePageTitle';

export function NotFound() {
  const t = useText();
  usePageTitle(t.notFound.title);
  return (
    <Stack align="center" ta="center" py={80} gap="sm">
      <ThemeIcon size={72} radius={36} variant="light" color="gray">
        <IconMapOff size={36} stroke={1.5} aria-hidden />
      </ThemeIcon>
      <Title order={1} size="h2" mt="sm">
        {t.notFound.title}
      </Title>
      <Text c="dimmed">{t.notFound.text}</Text>
      <Button component={Link} to={HOME} mt="md">
        {t.notFound.home}
      </Button>
    </Stack>
  );
}
