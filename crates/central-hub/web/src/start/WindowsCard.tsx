import { Badge, Group, Text } from '@mantine/core';

import { useText } from '../i18n/I18nProvider';
import { inOrder, phaseOf, type Phase } from './attention';
import { Card } from './Card';
import { useLinks } from '../auth/links';
import classes from './Start.module.css';
import type { WindowOfToday } from './types';

const COLORS: Record<Phase, string> = { now: 'brand', next: 'gray', over: 'gray' };

/** Maximum number of windows; the week view shows the rest. */
const MAX_WINDOWS = 8;

interface Props {
  windows: readonly WindowOfToday[];
  now: number;
}

/** Today's sending windows, open and upcoming. */
export function WindowsCard({ windows, now }: Props) {
  const t = useText();
  const w = t.start.windows;
  const link = useLinks();
  const visible = inOrder(windows, now).slice(0, MAX_WINDOWS);
  return (
    <Card title={w.title} more={{ to: link('schedules'), label: w.week }}>
      {windows.length === 0 && (
        <Text size="sm" c="dimmed">
          {w.none}
        </Text>
      )}
      {windows.length > 0 && (
        <ul className={classes.list}>
          {visible.map((todaysWindow) => {
            const phase = phaseOf(todaysWindow, now);
            const when = phase === 'next' ? w.from(todaysWindow.hora_inicio) : w.until(todaysWindow.hora_fin);
            return (
              <li key={`${todaysWindow.programacion_id}-${todaysWindow.inicio}`} data-phase={phase}>
                <Group justify="space-between" gap="xs" wrap="nowrap" align="flex-start">
                  <div style={{ minWidth: 0 }}>
                    <Text size="sm" fw={600}>
                      {todaysWindow.campania_nombre}
                    </Text>
                    <Text size="xs" c="dimmed">
                      {when}
                      {todaysWindow.cupo_diario !== null && ` · ${w.used(todaysWindow.usados, todaysWindow.cupo_diario)}`}
                    </Text>
                  </div>
                  <Badge variant="light" tt="none" color={COLORS[phase]} miw="max-content">
                    {w[phase]}
                  </Badge>
                </Group>
              </li>
            );
          })}
        </ul>
      )}
      {windows.length > MAX_WINDOWS && (
        <Text size="sm" c="dimmed">
          {w.more(windows.length - MAX_WINDOWS)}
        </Text>
      )}
    </Card>
  );
}
