import { Badge, Button, Group, List, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconCheck } from '@tabler/icons-react';

import { useText } from '../i18n/I18nProvider';
import type { Dictionary } from '../i18n/es';
import { useFormatTime } from '../live/useFormatTime';
import { ActionError } from '../ui/ActionError';
import { Card } from '../ui/Card';
import { Facts } from '../ui/Facts';
import { Notice } from '../ui/Notice';
import { useAction } from '../ui/useAction';
import { ALERTS_KEY, testAlerts, useAlerts } from './api';
import type { Alerts, AlertChannel, ChannelTest } from './types';

const wayText = (t: Dictionary, { way, to }: AlertChannel) => `${t.settings.alerts.ways[way]}: ${to}`;

/** Active alerts, their channels, and a test of the channels. */
export function AlertsCard() {
  const t = useText();
  const a = t.settings.alerts;
  const alerts = useAlerts();
  const test = useAction(ALERTS_KEY, testAlerts);
  const body = alerts.data;
  const canTest = body !== undefined && body.ways.length > 0;
  return (
    <Card
      title={a.title}
      text={a.text}
      action={
        canTest && (
          <Button variant="default" loading={test.isPending} onClick={() => test.mutate()}>
            {a.test}
          </Button>
        )
      }
    >
      <Stack>
        <ActionError error={alerts.error ?? test.error} />
        {test.data && <TestResult tried={test.data.ways} />}
        {body && <Holding alerts={body} />}
        {body && <Settings alerts={body} />}
        {body && body.told.length > 0 && (
          <details>
            <summary>{a.last}</summary>
            <LastTold alerts={body} />
          </details>
        )}
      </Stack>
    </Card>
  );
}

function TestResult({ tried }: { tried: readonly ChannelTest[] }) {
  const t = useText();
  const a = t.settings.alerts;
  const known: Readonly<Record<string, string>> = t.integrations.failures;
  return tried.map((way) =>
    way.ok ? (
      <Notice
        key={way.way}
        color="brand"
        icon={<IconCheck aria-hidden />}
        title={a.testGood(wayText(t, way))}
        urgent
      />
    ) : (
      <Notice
        key={way.way}
        color="red"
        icon={<IconAlertTriangle aria-hidden />}
        title={a.testBad(wayText(t, way))}
        urgent
      >
        {known[way.code ?? ''] ?? way.code}
        {way.message !== undefined && (
          <Text size="sm" c="dimmed">
            {way.message}
          </Text>
        )}
      </Notice>
    ),
  );
}

function Holding({ alerts }: { alerts: Alerts }) {
  const t = useText();
  const a = t.settings.alerts;
  const formatTime = useFormatTime();
  if (alerts.holding.length === 0) return <Text size="sm">{a.nothing}</Text>;
  return (
    <List spacing="sm" listStyleType="none">
      {alerts.holding.map((held) => (
        <List.Item key={held.key}>
          <Group gap="xs">
            <Badge color={held.severity === 'critical' ? 'red' : 'yellow'} variant="light">
              {a.severities[held.severity]}
            </Badge>
            <Text fw={500}>{held.title}</Text>
          </Group>
          <Text size="sm">{held.text}</Text>
          <Text size="sm" c="dimmed">
            {a.since(formatTime(held.since))}
            {held.told_at === null ? '' : ` ${a.toldAt(formatTime(held.told_at))}`}
          </Text>
        </List.Item>
      ))}
    </List>
  );
}

function Settings({ alerts }: { alerts: Alerts }) {
  const t = useText();
  const a = t.settings.alerts;
  if (alerts.ways.length === 0) return <Text size="sm">{a.nobody}</Text>;
  return (
    <Facts
      rows={[
        [a.who, alerts.ways.map((way) => wayText(t, way)).join('; ')],
        [a.after, t.settings.service.minutes(alerts.after_minutes)],
        [
          a.repeat,
          alerts.repeat_hours === null ? a.never : t.settings.service.hours(alerts.repeat_hours),
        ],
        [a.quiet, alerts.quiet_hours ?? a.never],
        [a.digest, alerts.digest_at ?? a.never],
      ]}
    />
  );
}

function LastTold({ alerts }: { alerts: Alerts }) {
  const t = useText();
  const a = t.settings.alerts;
  const formatTime = useFormatTime();
  return (
    <List size="sm" mt="xs">
      {alerts.told.map((told, index) => (
        <List.Item key={index}>
          {formatTime(told.at)}, {a.ways[told.way]}: {told.title} ({a.states[told.state]}
          {told.error !== null && told.state !== 'sent' ? `: ${told.error}` : ''})
        </List.Item>
      ))}
    </List>
  );
}
