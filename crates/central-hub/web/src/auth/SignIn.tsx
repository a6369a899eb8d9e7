import {
  Button,
  Container,
  Group,
  Paper,
  PasswordInput,
  Stack,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { IconAlertTriangle, IconClock } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';

import { Logo } from '../ui/Logo';
import { Notice } from '../ui/Notice';
import { Preferences } from '../ui/Preferences';
import { useText } from '../i18n/I18nProvider';
import { errorText } from '../i18n/lookup';
import { usePageTitle } from '../lib/usePageTitle';

interface Props {
  /** Whether a session just expired. */
  expired: boolean;
  onSubmit: (username: string, password: string) => Promise<void>;
}

/** The sign-in form; afterwards the user is on the same screen as before. */
export default function SignIn({ expired, onSubmit }: Props) {
  const t = useText();
  usePageTitle(t.auth.title);
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [problems, setProblems] = useState<{ username?: string; password?: string }>({});
  const attempt = useMutation({
    mutationFn: () => onSubmit(username.trim(), password),
    onError: () => setPassword(''),
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    const missing = {
      ...(username.trim() === '' ? { username: t.auth.usernameEmpty } : {}),
      ...(password === '' ? { password: t.auth.passwordEmpty } : {}),
    };
    setProblems(missing);
    if (Object.keys(missing).length === 0) attempt.mutate();
  }

  return (
    <Container size={420} px="md" py={{ base: 32, sm: 72 }} data-view="sign-in">
      <Group component="header" justify="space-between" gap="sm" mb="xl">
        <Logo />
        <Preferences />
      </Group>
      <Paper
        component="main"
        withBorder
        p={{ base: 'md', sm: 'xl' }}
        radius="lg"
        className="lm-surface"
      >
        <form onSubmit={submit} noValidate>
          <Stack gap="md">
            <div>
              <Title order={1} size="h3">
                {t.auth.title}
              </Title>
              <Text c="dimmed" size="sm" mt={4}>
                {t.auth.text}
              </Text>
            </div>
            {expired && !attempt.error && (
              <Notice
                color="yellow"
                icon={<IconClock aria-hidden />}
                title={t.auth.expired}
                urgent
              />
            )}
            {attempt.error && (
              <Notice
                color="red"
                icon={<IconAlertTriangle aria-hidden />}
                title={t.auth.failed}
                urgent
              >
                {errorText(t, attempt.error)}
              </Notice>
            )}
            <TextInput
              label={t.auth.username}
              name="username"
              autoComplete="username"
              autoCapitalize="none"
              spellCheck={false}
              autoFocus
              value={username}
              error={problems.username}
              onChange={(event) => setUsername(event.currentTarget.value)}
            />
            <PasswordInput
              label={t.auth.password}
              name="password"
              autoComplete="current-password"
              value={password}
              error={problems.password}
              visibilityToggleButtonProps={{ 'aria-label': t.auth.showPassword }}
              onChange={(event) => setPassword(event.currentTarget.value)}
            />
            <Button type="submit" fullWidth loading={attempt.isPending}>
              {t.auth.submit}
            </Button>
            <Text size="sm" c="dimmed">
              {t.auth.forgot}
            </Text>
          </Stack>
        </form>
      </Paper>
    </Container>
  );
}
