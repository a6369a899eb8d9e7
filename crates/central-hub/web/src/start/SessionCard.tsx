import { Badge, Button, Group, Text } from '@mantine/core';
import { Link } from 'react-router';

import { useSession } from '../live/queries';
import { useDryRun } from '../live/useDryRun';
import { useText } from '../i18n/I18nProvider';
import { useLive } from '../live/LiveProvider';
import { headline } from '../live/headline';
import { viewOf } from '../live/view';
import { Card } from './Card';
import { useLinks } from '../auth/links';

/** How the line is, and what to do where it is not connected. */
export function SessionCard() {
  const t = useText();
  const s = t.start.session;
  const live = useLive();
  const session = useSession();
  const dryRun = useDryRun();
  const link = useLinks();
  const view = viewOf({ session: session.data, error: session.error, live, connecting: false });
  const { label, color } = headline(t, view);
  const ready = view.kind === 'ready';
  const to = link('whatsapp');
  return (
    <Card title={s.title}>
      <Group justify="space-between" gap="sm">
        <Group gap="xs">
          <Badge size="lg" variant="light" tt="none" color={color} data-testid="start-session">
            {label}
          </Badge>
          {dryRun !== null && (
            <Badge size="lg" variant="light" tt="none" color={dryRun ? 'yellow' : 'gray'}>
              {s.mode}: {dryRun ? s.rehearsal : s.real}
            </Badge>
          )}
        </Group>
        {to && (
          <Button component={Link} to={to} size="sm" variant={ready ? 'default' : 'filled'}>
            {s.go}
          </Button>
        )}
      </Group>
      <Text size="sm" role="status">
        {view.kind === 'ready' ? s.ready : s.todo[view.kind]}
      </Text>
    </Card>
  );
}
