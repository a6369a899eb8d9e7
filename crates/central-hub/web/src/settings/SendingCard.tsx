import { Group, Text } from '@mantine/core';

import { useSeesAll } from '../auth/AuthProvider';
import { useText } from '../i18n/I18nProvider';
import { useFormatTime } from '../live/useFormatTime';
import { useSending } from '../live/useSending';
import { Card } from '../ui/Card';
import { SendingSwitch } from '../ui/SendingSwitch';

/** The switch that stops all sending; it is independent of the operator's lock. */
export function SendingCard() {
  const s = useText().sending;
  const formatTime = useFormatTime();
  const seesAll = useSeesAll();
  const sending = useSending();
  if (!sending) return null;
  const { detenido, por, desde } = sending;
  const sinceText = desde === null ? null : formatTime(desde);
  return (
    <Card title={s.title} text={s.text}>
      <Group justify="space-between">
        <Text size="sm" fw={500} data-testid="sending">
          {detenido ? s.stopped(por, sinceText) : sinceText === null ? s.on : s.onSince(por, sinceText)}
        </Text>
        {seesAll && <SendingSwitch />}
      </Group>
    </Card>
  );
}
