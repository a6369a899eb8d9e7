import { ActionIcon, Button, Group, SegmentedControl, Stack, Text } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react';
import { useState } from 'react';

import { Notice } from '../ui/Notice';
import { ScreenLoading } from '../ui/ScreenLoading';
import { useText } from '../i18n/I18nProvider';
import { errorText } from '../i18n/lookup';
import { addDays, clockIn, dayText, rangeText, type Day } from '../lib/days';
import { useNow, wallClock } from '../lib/useNow';
import { useWeek, type ListFilter } from './api';
import { SCHEDULE_STATES, type Schedule } from '../planning/types';
import { useSentCounts } from './sentByDay';
import { layoutWeek } from './week';
import { WeekGrid } from './WeekGrid';
import { ScheduleBadge } from './ScheduleBadge';
import classes from './Week.module.css';

/** Media query for screens with room for only one day. */
const NARROW = '(max-width: 61.99em)';

interface Props {
  zone: string;
  filter: ListFilter;
  /** The first of the seven days; null for today. */
  week: Day | null;
  onWeek: (first: Day | null) => void;
  onOpen: (schedule: Schedule) => void;
}

export function WeekView({ zone, filter, week, onWeek, onOpen }: Props) {
  const t = useText();
  const s = t.schedules;
  const now = clockIn(useNow(wallClock, 15_000), zone);
  const first = week ?? now.day;
  const narrow = useMediaQuery(NARROW, false, { getInitialValueInEffect: false });
  const [chosenDay, setChosenDay] = useState<Day | null>(null);
  const { data, error, refetch } = useWeek(first, filter);
  const go = (to: Day) => onWeek(to === now.day ? null : to);
  const createdOn = ({ fecha }: Schedule) => clockIn(Date.parse(fecha), zone).day;

  const days = layoutWeek(data?.schedules ?? [], first, now.day, createdOn);
  const preferred = days.find(({ day }) => day === (chosenDay ?? now.day)) ?? days[0];
  const visibleDays = narrow && preferred ? [preferred] : days;
  const went = useSentCounts(days, now);
  const isEmpty = data !== undefined && days.every(({ blocks }) => blocks.length === 0);

  return (
    <Stack gap="sm">
      <Group justify="space-between" gap="sm">
        <Group gap="xs" wrap="nowrap">
          <ActionIcon
            variant="default"
            size="lg"
            aria-label={s.weekBack}
            onClick={() => go(addDays(first, -7))}
          >
            <IconChevronLeft size={18} aria-hidden />
          </ActionIcon>
          <Button
            variant="default"
            size="sm"
            disabled={first === now.day && (!narrow || preferred?.day === now.day)}
            onClick={() => {
              setChosenDay(null);
              onWeek(null);
            }}
          >
            {s.today}
          </Button>
          <ActionIcon
            variant="default"
            size="lg"
            aria-label={s.weekForward}
            onClick={() => go(addDays(first, 7))}
          >
            <IconChevronRight size={18} aria-hidden />
          </ActionIcon>
        </Group>
        <Text fw={600} component="h2" size="md" aria-live="polite" data-testid="week">
          {rangeText(first, addDays(first, 6), t.locale)}
        </Text>
      </Group>
      {narrow && (
        <SegmentedControl
          fullWidth
          size="xs"
          aria-label={s.dayChoice}
          value={preferred?.day ?? ''}
          onChange={setChosenDay}
          data={days.map(({ day, blocks }) => ({
            value: day,
            label: (
              <span title={dayText(day, t.locale, { dateStyle: 'full' })}>
                {dayText(day, t.locale, { weekday: 'short' }).slice(0, 2)}
                <br />
                <span style={{ fontWeight: blocks.length > 0 ? 700 : 400 }}>
                  {Number(day.slice(8))}
                </span>
              </span>
            ),
          }))}
        />
      )}
      {error && (
        <Notice color="red" title={t.list.failed} urgent>
          <Stack gap="xs" align="flex-start">
            {errorText(t, error)}
            <Button size="xs" variant="default" onClick={() => void refetch()}>
              {t.app.retry}
            </Button>
          </Stack>
        </Notice>
      )}
      {data?.partial && <Notice color="yellow" title={s.partial} />}
      {data === undefined && !error && <ScreenLoading />}
      {data && (
        <>
          {isEmpty && (
            <Text c="dimmed" size="sm" role="status">
              {s.emptyWeek}
            </Text>
          )}
          <WeekGrid days={visibleDays} week={days} now={now} went={went} onOpen={onOpen} />
          {narrow && !isEmpty && visibleDays[0]?.blocks.length === 0 && (
            <Text c="dimmed" size="sm" role="status">
              {s.emptyDay}
            </Text>
          )}
          <ul className={classes.legend} aria-label={s.filterState}>
            {SCHEDULE_STATES.map((state) => (
              <li key={state}>
                <ScheduleBadge estado={state} />
              </li>
            ))}
          </ul>
        </>
      )}
    </Stack>
  );
}
