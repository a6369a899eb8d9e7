import { Button, Text } from '@mantine/core';
import { useState } from 'react';

import { useText } from '../i18n/I18nProvider';
import {
  askForNotifications,
  notificationsAre,
  setNotifications,
  setSound,
  wantsNotifications,
} from '../lib/alerts';
import classes from './Conversations.module.css';

/** Asks once per browser whether to announce inbound messages. */
export function AskForAlerts() {
  const a = useText().alerts;
  const [asked, setAsked] = useState(() => wantsNotifications() !== null);
  if (asked || notificationsAre() === 'none' || notificationsAre() === 'refused') return null;
  async function answer(yes: boolean) {
    // Sound needs no permission.
    setSound(yes);
    setNotifications(yes && (await askForNotifications()));
    setAsked(true);
  }
  return (
    <div className={classes.ask} role="group" aria-label={a.ask}>
      <Text size="sm" style={{ flex: '1 1 100%' }}>
        {a.ask}
      </Text>
      <Button size="compact-sm" onClick={() => void answer(true)}>
        {a.yes}
      </Button>
      <Button size="compact-sm" variant="default" onClick={() => void answer(false)}>
        {a.no}
      </Button>
    </div>
  );
}
