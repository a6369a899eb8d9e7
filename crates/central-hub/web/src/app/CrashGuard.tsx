import { Button, Container, Stack, Text, Title } from '@mantine/core';
import { Component, type ReactNode } from 'react';

import { useText } from '../i18n/I18nProvider';

function Crashed() {
  const t = useText();
  return (
    <Container size="xs" py={96} component="main">
      <Stack align="center" ta="center">
        <Title order={1} size="h2">
          {t.crash.title}
        </Title>
        <Text c="dimmed">{t.crash.text}</Text>
        <Button onClick={() => window.location.reload()}>{t.crash.reload}</Button>
      </Stack>
    </Container>
  );
}

/** Shows a message instead of a blank screen after a rendering error. */
export class CrashGuard extends Component<{ children: ReactNode }, { crashed: boolean }> {
  override state = { crashed: false };

  static getDerivedStateFromError() {
    return { crashed: true };
  }

  override render() {
    return this.state.crashed ? <Crashed /> : this.props.children;
  }
}
