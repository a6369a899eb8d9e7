import { Button, Checkbox, Group, Stack, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';

import { useSeesAll } from '../auth/AuthProvider';
import { useSeveralBusinesses } from '../auth/businesses';
import { useText } from '../i18n/I18nProvider';
import { ActionError } from '../ui/ActionError';
import { useAction } from '../ui/useAction';
import { createToken, TOKENS_KEY } from './api';
import { checkToken, NEW_TOKEN, newTokenOf, type TokenValues } from './form';
import { SCOPES, type TokenWithSecret } from './types';

/** The form for a new token. */
export function TokenForm({
  onDone,
  onCancel,
}: {
  onDone: (made: TokenWithSecret) => void;
  onCancel: () => void;
}) {
  const t = useText();
  const s = t.integrations.tokenForm;
  const several = useSeveralBusinesses();
  const seesAll = useSeesAll();
  const [values, setValues] = useState(NEW_TOKEN);
  const [tried, setTried] = useState(false);
  const problems = tried ? checkToken(values) : {};
  const save = useAction(TOKENS_KEY, () => createToken(newTokenOf(values, Date.now())), onDone);

  function submit(event: FormEvent) {
    event.preventDefault();
    setTried(true);
    if (Object.keys(checkToken(values)).length === 0) save.mutate();
  }
  const text = (name: 'name' | 'cliente_id' | 'days') => ({
    value: values[name],
    error: problems[name] && s.problems[problems[name]],
    onChange: (event: { currentTarget: { value: string } }) =>
      setValues({ ...values, [name]: event.currentTarget.value } satisfies TokenValues),
  });
  // A user of a single business cannot grant access to all.
  const scopes = SCOPES.filter((scope) => seesAll || scope !== 'admin');
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <TextInput label={s.name} description={s.nameHint} data-autofocus {...text('name')} />
        <Checkbox.Group
          label={s.scopes}
          value={values.scopes}
          error={problems.scopes && s.problems[problems.scopes]}
          onChange={(chosen) =>
            setValues({ ...values, scopes: SCOPES.filter((scope) => chosen.includes(scope)) })
          }
        >
          <Stack gap="xs" mt="xs" mb={4}>
            {scopes.map((scope) => (
              <Checkbox key={scope} value={scope} label={s.scopeNames[scope]} />
            ))}
          </Stack>
        </Checkbox.Group>
        {several && (
          <TextInput
            label={s.business}
            description={s.businessHint}
            inputMode="numeric"
            {...text('cliente_id')}
          />
        )}
        <TextInput label={s.days} description={s.daysHint} inputMode="numeric" {...text('days')} />
        <ActionError error={save.error} />
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onCancel}>
            {t.app.cancel}
          </Button>
          <Button type="submit" loading={save.isPending}>
            {s.create}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
