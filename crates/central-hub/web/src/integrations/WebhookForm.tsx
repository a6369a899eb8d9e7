import { Button, Checkbox, Group, Stack, Switch, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';

import { useSeveralBusinesses } from '../auth/businesses';
import { useText } from '../i18n/I18nProvider';
import { ActionError } from '../ui/ActionError';
import { useAction } from '../ui/useAction';
import { changeWebhook, createWebhook, WEBHOOKS_KEY } from './api';
import { checkWebhook, NEW_WEBHOOK, webhookBodyOf, webhookValuesOf, type WebhookValues } from './form';
import { TOPICS, type Topic, type Webhook, type WebhookWithSecret } from './types';

interface Props {
  /** The webhook to edit; null creates topic. */
  webhook: Webhook | null;
  /** Receives a new webhook with its secret. */
  onDone: (made: WebhookWithSecret | null) => void;
  onCancel: () => void;
}

/** The form for a new or edited webhook. */
export function WebhookForm({ webhook, onDone, onCancel }: Props) {
  const t = useText();
  const s = t.integrations.form;
  const several = useSeveralBusinesses();
  const [values, setValues] = useState(webhook ? webhookValuesOf(webhook) : NEW_WEBHOOK);
  const [tried, setTried] = useState(false);
  const problems = tried ? checkWebhook(values) : {};
  const save = useAction(
    WEBHOOKS_KEY,
    async () => {
      const body = webhookBodyOf(values);
      if (!webhook) return await createWebhook(body);
      await changeWebhook(webhook.id, body);
      return null;
    },
    onDone,
  );

  function submit(event: FormEvent) {
    event.preventDefault();
    setTried(true);
    if (Object.keys(checkWebhook(values)).length === 0) save.mutate();
  }
  const problem = (name: keyof WebhookValues) => problems[name] && s.problems[problems[name]];
  const text = (name: 'url' | 'descripcion' | 'cliente_id') => ({
    value: values[name],
    error: problem(name),
    onChange: (event: { currentTarget: { value: string } }) =>
      setValues({ ...values, [name]: event.currentTarget.value }),
  });
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <TextInput
          label={s.url}
          description={s.urlHint}
          placeholder="https://"
          inputMode="url"
          data-autofocus
          {...text('url')}
        />
        <TextInput label={s.description} maxLength={200} {...text('descripcion')} />
        <Checkbox.Group
          label={s.events}
          value={values.eventos}
          error={problem('eventos')}
          onChange={(chosen) =>
            setValues({ ...values, eventos: TOPICS.filter((topic) => chosen.includes(topic)) })
          }
        >
          <Stack gap="xs" mt="xs" mb={4}>
            {TOPICS.map((topic: Topic) => (
              <Checkbox key={topic} value={topic} label={s.topics[topic]} />
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
        <Switch
          label={s.active}
          checked={values.activo}
          onChange={(event) => setValues({ ...values, activo: event.currentTarget.checked })}
        />
        <ActionError error={save.error} />
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onCancel}>
            {t.app.cancel}
          </Button>
          <Button type="submit" loading={save.isPending}>
            {webhook ? s.save : s.create}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
