import { Button, Group, Stack } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconAlertTriangle, IconCheck } from '@tabler/icons-react';
import { useState } from 'react';
import { useLocation } from 'wouter';

import { Notice } from '../ui/Notice';
import { useText } from '../i18n/I18nProvider';
import { ActionError } from '../ui/ActionError';
import { ConfirmDialog } from '../ui/ConfirmDialog';
import { Dialog } from '../ui/Dialog';
import { useAction } from '../ui/useAction';
import { deleteWebhook, rotateSecret, testWebhook, WEBHOOKS_KEY } from './api';
import { Secret } from './Secret';
import type { TestResult, Webhook } from './types';
import { WebhookForm } from './WebhookForm';
import { failureText } from './failureText';

/** The actions on a webhook. */
export function WebhookActions({ webhook }: { webhook: Webhook }) {
  const t = useText();
  const s = t.integrations;
  const [, navigate] = useLocation();
  const [editing, editDialog] = useDisclosure(false);
  const [rotating, rotateDialog] = useDisclosure(false);
  const [removing, removeDialog] = useDisclosure(false);
  const [secret, setSecret] = useState<string | null>(null);
  const test = useAction(WEBHOOKS_KEY, () => testWebhook(webhook.id));
  const rotate = useAction(
    WEBHOOKS_KEY,
    () => rotateSecret(webhook.id),
    ({ secreto }) => {
      rotateDialog.close();
      setSecret(secreto);
    },
  );
  const remove = useAction(
    [...WEBHOOKS_KEY, 'list'],
    () => deleteWebhook(webhook.id),
    () => navigate('/integraciones'),
  );
  const ask = (dialog: { open: () => void }, action: { reset: () => void }) => () => {
    action.reset();
    dialog.open();
  };
  return (
    <Stack mt="md">
      <Group gap="sm">
        <Button variant="default" loading={test.isPending} onClick={() => test.mutate()}>
          {s.test}
        </Button>
        <Button variant="default" onClick={editDialog.open}>
          {s.edit}
        </Button>
        <Button variant="default" onClick={ask(rotateDialog, rotate)}>
          {s.rotate}
        </Button>
        <Button variant="default" onClick={ask(removeDialog, remove)}>
          {s.remove}
        </Button>
      </Group>
      <ActionError error={test.error} />
      {test.data && <Tested result={test.data} />}
      <Dialog opened={editing} title={s.edit} onClose={editDialog.close}>
        <WebhookForm webhook={webhook} onDone={editDialog.close} onCancel={editDialog.close} />
      </Dialog>
      <Dialog
        opened={secret !== null}
        title={s.secretTitle}
        kept
        onClose={() => setSecret(null)}
      >
        {secret !== null && (
          <Secret
            label={s.secret}
            text={s.onceText}
            kept={s.kept}
            secret={secret}
            onClose={() => setSecret(null)}
          />
        )}
      </Dialog>
      <ConfirmDialog
        opened={rotating}
        title={s.rotateTitle}
        text={s.rotateText}
        confirm={s.rotateConfirm}
        pending={rotate.isPending}
        error={rotate.error}
        onConfirm={() => rotate.mutate()}
        onClose={rotateDialog.close}
      />
      <ConfirmDialog
        opened={removing}
        title={s.removeTitle}
        text={s.removeText}
        confirm={s.remove}
        danger
        pending={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate()}
        onClose={removeDialog.close}
      />
    </Stack>
  );
}

function Tested({ result }: { result: TestResult }) {
  const t = useText();
  const s = t.integrations;
  return result.ok ? (
    <Notice
      color="brand"
      icon={<IconCheck aria-hidden />}
      title={s.testGood(result.estado_http, result.duracion_ms)}
      urgent
    />
  ) : (
    <Notice color="red" icon={<IconAlertTriangle aria-hidden />} title={s.testBad} urgent>
      {failureText(t, result.error, result.estado_http)}
    </Notice>
  );
}
