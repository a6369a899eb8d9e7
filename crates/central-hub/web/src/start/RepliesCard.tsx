import { Anchor, Group, Text } from '@mantine/core';
import { Link } from 'wouter';

import { useText } from '../i18n/I18nProvider';
import { numberOf } from '../lib/phone';
import { plainText } from '../lib/richText';
import { useFormatTime, useFormatShortTime } from '../live/useFormatTime';
import { Card } from './Card';
import { useLinks } from '../auth/links';
import classes from './Start.module.css';
import type { Reply } from './types';

/** The latest inbound messages. */
export function RepliesCard({ replies }: { replies: readonly Reply[] }) {
  const t = useText();
  const formatTime = useFormatTime();
  const formatShortTime = useFormatShortTime();
  const r = t.start.replies;
  const to = useLinks()('conversations');
  return (
    <Card title={r.title} more={{ to, label: r.all }}>
      {replies.length === 0 && (
        <Text size="sm" c="dimmed">
          {r.none}
        </Text>
      )}
      {replies.length > 0 && (
        <ul className={classes.list}>
          {replies.map((reply) => {
            const number = numberOf(reply);
            const author = reply.nombre ? `${reply.nombre} · ${number}` : number;
            return (
              <li key={reply.id}>
                <Group justify="space-between" gap="xs" wrap="nowrap" align="baseline">
                  {to && reply.telefono ? (
                    <Anchor component={Link} to={`${to}/${reply.telefono}`} size="sm" fw={600}>
                      {author}
                    </Anchor>
                  ) : (
                    <Text size="sm" fw={600}>
                      {author}
                    </Text>
                  )}
                  <Text
                    size="xs"
                    c="dimmed"
                    ta="end"
                    component="time"
                    dateTime={reply.fecha}
                    title={formatTime(reply.fecha)}
                  >
                    {formatShortTime(reply.fecha)}
                  </Text>
                </Group>
                <Text size="sm" lineClamp={2}>
                  {plainText(reply.mensaje) || r.empty}
                </Text>
              </li>
            );
          })}
        </ul>
      )}
    </Card>
  );
}
