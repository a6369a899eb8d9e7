import { Group, Stack, Text } from '@mantine/core';

import { useSeesAll } from '../auth/AuthProvider';
import { useText } from '../i18n/I18nProvider';
import { useLasting } from '../lib/useLasting';
import { useLive } from '../live/LiveProvider';
import { useConfig, useSession } from '../live/queries';
import { useDryRun } from '../live/useDryRun';
import { useLine } from '../live/useLine';
import { useSending } from '../live/useSending';
import { SendingSwitch } from '../ui/SendingSwitch';
import classes from './SystemStatus.module.css';

/** The state of the line, at the foot of the menu. */
export function SystemStatus() {
  const t = useText();
  const live = useLive();
  const session = useSession();
  const config = useConfig();
  const dryRun = useDryRun();
  const line = useLine();
  const sending = useSending();
  const seesAll = useSeesAll();
  const polling = useLasting(live.link === 'lost' && session.error === null, 8_000);
  const away = line.trouble?.kind === 'hubAway' || line.trouble?.kind === 'managerAway';
  const state = away ? t.system.down : t.line.states[line.state];
  return (
    <Stack gap={4} component="section" aria-label={t.system.title}>
      <Text size="sm" fw={500} className={classes.value} data-testid="line-state">
        <span className={classes.dot} data-tone={line.tone} aria-hidden />
        {t.system.line(state)}
      </Text>
      {dryRun && (
        <Text size="sm" fw={500} className={classes.value}>
          <span className={classes.dot} data-tone="warn" aria-hidden />
          {t.system.rehearsal}
        </Text>
      )}
      {seesAll && dryRun === false && sending?.detenido === false && (
        <SendingSwitch size="compact-xs" variant="subtle" color="gray" justify="flex-start" px={0} />
      )}
      {polling && (
        <Text size="xs" c="dimmed">
          {t.system.polling}
        </Text>
      )}
      {config.data && (
        <Group gap={4}>
          <Text size="xs" c="dimmed">
            {t.system.version} {config.data.version} · {t.system.environment(config.data.environment)}
          </Text>
        </Group>
      )}
    </Stack>
  );
}
