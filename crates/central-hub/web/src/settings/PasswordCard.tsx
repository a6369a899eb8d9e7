import { Button, PasswordInput, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconCheck } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';

import { ApiError } from '../api/http';
import { Notice } from '../ui/Notice';
import { useAuth } from '../auth/AuthProvider';
import { useText } from '../i18n/I18nProvider';
import { errorText } from '../i18n/lookup';
import { changePassword } from './api';
import { Card } from '../ui/Card';
import { checkPasswords, type Passwords } from './password';

const NOTHING: Passwords = { current: '', next: '', again: '' };

export function PasswordCard() {
  const t = useText();
  const p = t.settings.password;
  const { me } = useAuth();
  const user = me.user;
  const none = me.auth_required ? p.program : p.none;
  return (
    <Card title={p.title} {...(user ? { text: p.text(user.username) } : {})}>
      {user ? <PasswordForm username={user.username} /> : <Text size="sm">{none}</Text>}
    </Card>
  );
}

function PasswordForm({ username }: { username: string }) {
  const t = useText();
  const p = t.settings.password;
  const [values, setValues] = useState(NOTHING);
  const [tried, setTried] = useState(false);
  const problems = tried ? checkPasswords(values) : {};
  const change = useMutation({
    mutationFn: () => changePassword(values.current, values.next),
    onSuccess: () => {
      setValues(NOTHING);
      setTried(false);
    },
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    change.reset();
    setTried(true);
    if (Object.keys(checkPasswords(values)).length === 0) change.mutate();
  }
  const field = (name: keyof Passwords) => {
    const problem = problems[name];
    return {
      value: values[name],
      error: problem && p.problems[problem],
      onChange: (event: { currentTarget: { value: string } }) =>
        setValues({ ...values, [name]: event.currentTarget.value }),
      visibilityToggleButtonProps: { 'aria-label': p.show },
    };
  };
  const wrong = change.error instanceof ApiError && change.error.code === 'WRONG_PASSWORD';

  return (
    <form onSubmit={submit} noValidate>
      <Stack maw={420}>
        {/* For the browser's password manager. */}
        <input type="text" autoComplete="username" value={username} readOnly hidden />
        <PasswordInput label={p.current} autoComplete="current-password" {...field('current')} />
        <PasswordInput
          label={p.next}
          description={p.nextHint}
          autoComplete="new-password"
          {...field('next')}
        />
        <PasswordInput label={p.again} autoComplete="new-password" {...field('again')} />
        {change.error && (
          <Notice color="red" icon={<IconAlertTriangle aria-hidden />} title={p.failed} urgent>
            {wrong ? p.wrong : errorText(t, change.error)}
          </Notice>
        )}
        {change.isSuccess && (
          <Notice color="brand" icon={<IconCheck aria-hidden />} title={p.done} urgent />
        )}
        <Button type="submit" loading={change.isPending} style={{ alignSelf: 'flex-start' }}>
          {p.submit}
        </Button>
      </Stack>
    </form>
  );
}
