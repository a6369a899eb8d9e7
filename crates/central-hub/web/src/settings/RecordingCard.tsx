import { Stack, Switch } from '@mantine/core';
import { useState } from 'react';

import { useSeesAll } from '../auth/AuthProvider';
import { useText } from '../i18n/I18nProvider';
import { useFormatTime } from '../live/useFormatTime';
import { ActionError } from '../ui/ActionError';
import { ConfirmDialog } from '../ui/ConfirmDialog';
import { Facts } from '../ui/Facts';
import { useListener, useRecording } from './api';
import { Card } from '../ui/Card';
import type { ListenerStatus } from './types';

/** Whether inbound messages are recorded, and the recorder's status. */
export function RecordingCard() {
  const t = useText();
  const r = t.settings.recording;
  const seesAll = useSeesAll();
  const listener = useListener();
  const [asking, setAsking] = useState(false);
  const change = useRecording(() => setAsking(false));
  const status = listener.data;
  return (
    <Card title={r.title} text={r.text}>
      <Stack>
        <ActionError error={listener.error} />
        {status && (
          <>
            <Switch
              label={r.label}
              description={status.recording ? r.on : r.off}
              checked={status.recording}
              disabled={!seesAll || change.isPending}
              onChange={(event) => {
                change.reset();
                if (event.currentTarget.checked) change.mutate('listen');
                else setAsking(true);
              }}
            />
            <ActionError error={asking ? null : change.error} />
            <details>
              <summary>{t.app.technical}</summary>
              <Status status={status} />
            </details>
          </>
        )}
      </Stack>
      <ConfirmDialog
        opened={asking}
        title={r.offTitle}
        text={r.offText}
        confirm={r.offConfirm}
        danger
        pending={change.isPending}
        error={change.error}
        onConfirm={() => change.mutate('off')}
        onClose={() => setAsking(false)}
      />
    </Card>
  );
}

function Status({ status }: { status: ListenerStatus }) {
  const t = useText();
  const formatTime = useFormatTime();
  const r = t.settings.recording;
  const at = (when: string | null) => (when === null ? r.never : formatTime(when));
  const following = !status.following
    ? r.followingNo
    : status.connected === null
      ? r.followingOther
      : status.connected
        ? r.followingYes
        : r.connectedNo;
  return (
    <Facts
      rows={[
        [r.following, following],
        [r.lastMessage, at(status.last_message_at)],
        [r.lastEvent, at(status.last_event_at)],
        ...(status.lag_ms === null ? [] : [[r.lag, r.ms(status.lag_ms)] as const]),
      ]}
    />
  );
}
