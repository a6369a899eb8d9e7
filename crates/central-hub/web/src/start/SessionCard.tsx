import { Badge, Button, Group, Text } from '@mantine/core';
import { Link } from 'wouter';

import { capitalize } from '../lib/capitalize';
import { useLine } from '../live/useLine';
import { useSession } from '../live/queries';
import { useText } from '../i18n/I18nProvider';
import { useLive } from '../live/LiveProvider';
import { headline } from '../live/headline';
import { viewOf } from '../live/view';
import { Card } from './Card';
import { useLinks } from '../auth/links';

/** The state of the line, and the remedy if it is not connected. */
export function SessionCard() {
  const t = useText();
  const s = t.start.session;
  const live = useLive();
  const session = useSession();
  const link = useLinks();
  const line = useLine();
  const view = viewOf({ session: session.data, error: session.error, live, connecting: false });
  const { label, color } = headline(t, view);
  const ready = view.kind === 'ready';
  const lost =
    view.kind === 'syncing' &&
    (view.cause === 'CONNECTION_LOST' || view.cause === 'SERVICE_UNAVAILABLE');
  // The session reports an unlinked line as disconnected.
  const unlinked = view.kind === 'disconnected' && line.trouble?.kind === 'unlinked';
  const to = link('whatsapp');
  return (
    <Card title={s.title}>
      <Group justify="space-between" gap="sm">
        <Group gap="xs">
          <Badge size="lg" variant="light" tt="none" color={color} data-testid="start-session">
            {unlinked ? capitalize(t.line.states.unlinked) : label}
          </Badge>
        </Group>
        {to && (
          <Button component={Link} to={to} size="sm" variant={ready ? 'default' : 'filled'}>
            {s.go}
          </Button>
        )}
      </Group>
      <Text size="sm" role="status">
        {ready ? s.ready : unlinked ? t.line.troubles.unlinked : lost ? s.todo.lost : s.todo[view.kind]}
      </Text>
    </Card>
  );
}
