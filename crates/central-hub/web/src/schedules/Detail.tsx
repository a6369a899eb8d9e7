import { Anchor, Button, Group, Stack } from '@mantine/core';
import {
  IconCheck,
  IconEdit,
  IconInfoCircle,
  IconPlayerPause,
  IconTrash,
  IconX,
} from '@tabler/icons-react';
import { Link } from 'wouter';

import { useLinks } from '../auth/links';
import { Notice } from '../ui/Notice';
import { useSeesAll } from '../auth/AuthProvider';
import { useSeveralBusinesses } from '../auth/businesses';
import { useText } from '../i18n/I18nProvider';
import { useFormatTime } from '../live/useFormatTime';
import { ActionError } from '../ui/ActionError';
import { Facts, type Fact } from '../ui/Facts';
import { moveSchedule, useScheduleChange } from './api';
import type { QuestionKind } from './Question';
import { ScheduleBadge } from './ScheduleBadge';
import type { Schedule } from '../planning/types';
import { useScheduleToast } from './useScheduleToast';
import { datesText, daysText, hoursText } from './scheduleText';

interface Props {
  schedule: Schedule;
  onAsk: (question: QuestionKind) => void;
  onEdit: () => void;
  onDone: () => void;
}

/** The details of a schedule and its actions. */
export function Detail({ schedule, onAsk, onEdit, onDone }: Props) {
  const t = useText();
  const s = t.schedules;
  const formatTime = useFormatTime();
  const seesAll = useSeesAll();
  const several = useSeveralBusinesses();
  const campaigns = useLinks()('campaigns');
  const say = useScheduleToast();
  const approve = useScheduleChange<void, unknown>(
    () => moveSchedule(schedule.id, 'approve', ''),
    () => {
      say('approve', schedule);
      onDone();
    },
  );

  const { estado, campania_estado: campaign } = schedule;
  const idle =
    campaign === null || campaign === 'en_progreso' ? null : s.detail.notRunning[campaign];
  const rows: Fact[] = [
    [s.columns.state, <ScheduleBadge key="state" estado={estado} />],
    ...(schedule.motivo ? [[s.detail.reason, schedule.motivo] as const] : []),
    [s.detail.days, daysText(t, schedule.dias_semana)],
    [s.detail.hours, hoursText(t, schedule)],
    [s.detail.dates, datesText(t, schedule)],
    [s.detail.quota, schedule.cupo_diario ?? '—'],
    [s.detail.pause, s.pauseBetween(schedule.pausa_min_s, schedule.pausa_max_s)],
    ...(schedule.comentario ? [[s.detail.comment, schedule.comentario] as const] : []),
    ...(several && schedule.cliente_id !== null
      ? [[s.detail.business, schedule.cliente_id] as const]
      : []),
    [s.detail.changed, formatTime(schedule.actualizado)],
  ];

  return (
    <Stack data-testid="schedule-detail">
      {idle && <Notice color="gray" icon={<IconInfoCircle aria-hidden />} title={idle} />}
      {estado === 'pendiente' && !seesAll && (
        <Notice color="yellow" icon={<IconInfoCircle aria-hidden />} title={s.detail.waits} />
      )}
      <Facts rows={rows} />
      {campaigns && (
        <Anchor component={Link} to={`${campaigns}/${schedule.campania_id}`} size="sm">
          {s.detail.toCampaign}
        </Anchor>
      )}
      <ActionError error={approve.error} />
      <Group gap="sm">
        {seesAll && estado !== 'aprobada' && (
          <Button
            leftSection={<IconCheck size={18} aria-hidden />}
            loading={approve.isPending}
            onClick={() => approve.mutate()}
          >
            {estado === 'pendiente' ? s.approve : s.resume}
          </Button>
        )}
        {seesAll && estado === 'pendiente' && (
          <Button
            variant="default"
            leftSection={<IconX size={18} aria-hidden />}
            onClick={() => onAsk('reject')}
          >
            {s.reject}
          </Button>
        )}
        {estado === 'aprobada' && (
          <Button
            variant="default"
            leftSection={<IconPlayerPause size={18} aria-hidden />}
            onClick={() => onAsk('pause')}
          >
            {s.pause}
          </Button>
        )}
        <Button variant="default" leftSection={<IconEdit size={18} aria-hidden />} onClick={onEdit}>
          {s.edit}
        </Button>
        <Button
          variant="light"
          color="red"
          leftSection={<IconTrash size={18} aria-hidden />}
          onClick={() => onAsk('remove')}
        >
          {s.remove}
        </Button>
      </Group>
    </Stack>
  );
}
