import { Anchor, Button, Group, PasswordInput, Select, Stack, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';

import type { Role } from '../api/types';
import { useSeveralBusinesses } from '../auth/businesses';
import { useText } from '../i18n/I18nProvider';
import { ActionError } from '../ui/ActionError';
import { useAction } from '../ui/useAction';
import { changeUser, createUser, USERS_KEY, type User } from './api';
import { changeOf, checkUser, NEW_USER, newUserOf, valuesOf, type UserValues } from './form';

interface Props {
  /** The user to edit; null creates option. */
  user: User | null;
  onDone: () => void;
  onCancel: () => void;
}

/** The form for a new or edited user. */
export function UserForm({ user, onDone, onCancel }: Props) {
  const t = useText();
  const s = t.users.form;
  const [values, setValues] = useState(user ? valuesOf(user) : NEW_USER);
  const [tried, setTried] = useState(false);
  // Users of a single business do not know its number.
  const [isRequested, setRequested] = useState(false);
  const hasSeveral = useSeveralBusinesses();
  const several = isRequested || hasSeveral || values.role === 'cliente';
  const roles: Role[] = several ? ['agente', 'admin', 'cliente'] : ['agente', 'admin'];
  const problems = tried ? checkUser(values, user) : {};
  const save = useAction(
    USERS_KEY,
    () => (user ? changeUser(user.id, changeOf(values)) : createUser(newUserOf(values))),
    onDone,
  );

  function submit(event: FormEvent) {
    event.preventDefault();
    setTried(true);
    if (Object.keys(checkUser(values, user)).length === 0) save.mutate();
  }
  const field = (name: keyof UserValues) => ({
    value: values[name],
    error: problems[name] && s.problems[problems[name]],
    onChange: (event: { currentTarget: { value: string } }) =>
      setValues({ ...values, [name]: event.currentTarget.value }),
  });
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        {!user && (
          <TextInput label={s.name} autoComplete="off" data-autofocus {...field('username')} />
        )}
        <Select
          label={s.role}
          description={s.roleHint[values.role]}
          allowDeselect={false}
          data={roles.map((value) => ({ value, label: t.users.roles[value] }))}
          value={values.role}
          onChange={(role) =>
            setValues({ ...values, role: roles.find((option) => option === role) ?? 'agente' })
          }
        />
        {!several && (
          <Anchor component="button" type="button" size="sm" ta="start" onClick={() => setRequested(true)}>
            {s.several}
          </Anchor>
        )}
        {values.role === 'cliente' && (
          <TextInput label={s.business} inputMode="numeric" {...field('cliente_id')} />
        )}
        <PasswordInput
          label={user ? s.newPassword : s.password}
          description={user ? s.newPasswordHint : s.passwordHint}
          autoComplete="new-password"
          visibilityToggleButtonProps={{ 'aria-label': t.auth.showPassword }}
          {...field('password')}
        />
        <ActionError error={save.error} />
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onCancel}>
            {t.app.cancel}
          </Button>
          <Button type="submit" loading={save.isPending}>
            {user ? s.save : s.create}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
