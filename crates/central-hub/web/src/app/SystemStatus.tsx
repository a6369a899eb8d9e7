import { Group, Stack, Text } from '@mantine/core';

import { useConfig, useSession } from '../live/queries';
import { useText } from '../i18n/I18nProvider';
import { useLive } from '../live/LiveProvider';
import { hubIsAway, managerTrouble } from '../live/view';
import classes from './SystemStatus.module.css';
import { useDryRun } from '../live/useDryRun';

type Tone = 'good' | 'warn' | 'bad' | 'quiet';

function Line({ label, value, tone }: { label: string; value: string; tone: Tone }) {
  return (
    <Group justify="space-between" gap="xs" wrap="nowrap" component="li">
      <Text size="sm" c="dimmed" span>
        {label}
      </Text>
      <Text size="sm" fw={500} span className={classes.value}>
        <span className={classes.dot} data-tone={tone} aria-hidden />
        {value}
      </Text>
    </Group>
  );
}

/** What the operator wants to know of the machinery, at the foot of the menu. */
export function SystemStatus() {
  const t = useText();
  const live = useLive();
  const session = useSession();
  const config = useConfig();
  const dryRun = useDryRun();

  const away = hubIsAway({ error: session.error, live });
  const trouble = managerTrouble({ error: session.error, live });

  const hub: [string, Tone] = away
    ? [t.system.offline, 'bad']
    : live.link === 'lost'
      ? [t.system.polling, 'warn']
      : live.link === 'open'
        ? [t.system.online, 'good']
        : [t.system.unknown, 'quiet'];
  const manager: [string, Tone] =
    away || live.link === 'connecting'
      ? [t.system.unknown, 'quiet']
      : trouble
        ? [t.system.down, 'bad']
        : session.data || live.manager === 'up'
          ? [t.system.up, 'good']
          : [t.system.unknown, 'quiet'];

  return (
    <Stack gap={6} component="section" aria-label={t.system.title}>
      <Stack gap={6} component="ul" className={classes.list}>
        <Line label={t.system.hub} value={hub[0]} tone={hub[1]} />
        <Line label={t.system.manager} value={manager[0]} tone={manager[1]} />
        {dryRun !== null && (
          <Line
            label={t.system.mode}
            value={dryRun ? t.system.rehearsal : t.system.live}
            tone={dryRun ? 'warn' : 'good'}
          />
        )}
      </Stack>
      {config.data && (
        <Text size="xs" c="dimmed" mt={4}>
          {t.system.version} {config.data.version} · {t.system.environment(config.data.environment)}
        </Text>
      )}
    </Stack>
  );
}
