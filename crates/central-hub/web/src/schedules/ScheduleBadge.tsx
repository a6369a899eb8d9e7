import { Badge } from '@mantine/core';

import { useText } from '../i18n/I18nProvider';
import type { ScheduleState } from '../planning/types';

const COLORS: Record<ScheduleState, string> = {
  pendiente: 'yellow',
  aprobada: 'brand',
  rechazada: 'red',
  pausada: 'gray',
};

export function ScheduleBadge({ estado }: { estado: ScheduleState }) {
  const t = useText();
  return (
    <Badge variant="light" tt="none" miw="max-content" color={COLORS[estado]}>
      {t.schedules.states[estado]}
    </Badge>
  );
}
