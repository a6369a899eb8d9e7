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

const channelText = (t: Dictionary, { way, to }: AlertChannel) => `${t.settings.alerts.ways[way]}: ${to}`;

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
        {body && <ActiveAlerts alerts={body} />}
        {body && <Settings alerts={body} />}
        {body && body.told.length > 0 && (
          <details>
            <summary>{a.last}</summary>
            <RecentNotices alerts={body} />
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
  return tried.map((channel) =>
    channel.ok ? (
      <Notice
        key={channel.way}
        color="brand"
        icon={<IconCheck aria-hidden />}
        title={a.testGood(channelText(t, channel))}
        urgent
      />
    ) : (
      <Notice
        key={channel.way}
        color="red"
        icon={<IconAlertTriangle aria-hidden />}
        title={a.testBad(channelText(t, channel))}
        urgent
      >
        {known[channel.code ?? ''] ?? channel.code}
        {channel.message !== undefined && (
          <Text size="sm" c="dimmed">
            {channel.message}
          </Text>
        )}
      </Notice>
    ),
  );
}

function ActiveAlerts({ alerts }: { alerts: Alerts }) {
  const t = useText();
  const a = t.settings.alerts;
  const formatTime = useFormatTime();
  if (alerts.holding.length === 0) return <Text size="sm">{a.nothing}</Text>;
  return (
    <List spacing="sm" listStyleType="none">
      {alerts.holding.map((alert) => (
        <List.Item key={alert.key}>
          <Group gap="xs">
            <Badge color={alert.severity === 'critical' ? 'red' : 'yellow'} variant="light">
              {a.severities[alert.severity]}
            </Badge>
            <Text fw={500}>{alert.title}</Text>
          </Group>
          <Text size="sm">{alert.text}</Text>
          <Text size="sm" c="dimmed">
            {a.since(formatTime(alert.since))}
            {alert.told_at === null ? '' : ` ${a.toldAt(formatTime(alert.told_at))}`}
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
        [a.who, alerts.ways.map((channel) => channelText(t, channel)).join('; ')],
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

function RecentNotices({ alerts }: { alerts: Alerts }) {
  const t = useText();
  const a = t.settings.alerts;
  const formatTime = useFormatTime();
  return (
    <List size="sm" mt="xs">
      {alerts.told.map((notice, index) => (
        <List.Item key={index}>
          {formatTime(notice.at)}, {a.ways[notice.way]}: {notice.title} ({a.states[notice.state]}
          {notice.error !== null && notice.state !== 'sent' ? `: ${notice.error}` : ''})
        </List.Item>
      ))}
    </List>
  );
}
