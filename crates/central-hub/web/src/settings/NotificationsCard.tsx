import { Button, Stack, Switch, Text } from '@mantine/core';
import { useState } from 'react';

import { useText } from '../i18n/I18nProvider';
import {
  askForNotifications,
  notificationsAre,
  setNotifications,
  setSound,
  sound,
  wantsNotifications,
  wantsSound,
} from '../lib/alerts';
import { Card } from '../ui/Card';

/** How this browser announces inbound messages. */
export function NotificationsCard() {
  const a = useText().alerts;
  const [notify, putNotify] = useState(() => wantsNotifications() === true);
  const [loud, putLoud] = useState(() => wantsSound() === true);
  const [state, setState] = useState(notificationsAre);
  async function switchNotify(on: boolean) {
    const allowed = on && (await askForNotifications());
    setNotifications(allowed);
    putNotify(allowed);
    setState(notificationsAre());
  }
  return (
    <Card title={a.title} text={a.text}>
      <Stack>
        <Switch
          label={a.notify}
          description={state === 'refused' ? a.refused : state === 'none' ? a.none : a.notifyHint}
          checked={notify && state === 'allowed'}
          disabled={state === 'refused' || state === 'none'}
          onChange={(event) => void switchNotify(event.currentTarget.checked)}
        />
        <Switch
          label={a.sound}
          checked={loud}
          onChange={(event) => {
            setSound(event.currentTarget.checked);
            putLoud(event.currentTarget.checked);
          }}
        />
        <Text component="div">
          <Button size="xs" variant="default" onClick={sound}>
            {a.try}
          </Button>
        </Text>
      </Stack>
    </Card>
  );
}
