import { UnstyledButton, VisuallyHidden } from '@mantine/core';
import type { CSSProperties } from 'react';

import { useText } from '../i18n/I18nProvider';
import { dayText, type Day } from '../lib/days';
import { capitalize } from '../lib/capitalize';
import type { Schedule } from '../planning/types';
import { sentCountKey, type SentCounts } from './sentByDay';
import { clock, hoursOf, isPast, placeOf, type Block, type WeekDay } from './week';
import classes from './Week.module.css';
import { nameOf } from './scheduleText';

/** Duration in minutes below which a block has no room for a third line. */
const SHORT = 80;

const percent = (part: number): string => `${part * 100}%`;

interface Props {
  /** The days to draw. */
  days: readonly WeekDay[];
  /** The whole week, which determines the displayed hours even if only one day is drawn. */
  week: readonly WeekDay[];
  now: { day: Day; minute: number };
  /** Messages sent in past windows. */
  went: SentCounts;
  onOpen: (schedule: Schedule) => void;
}

/** A grid of days and hours, with the windows as blocks. */
export function WeekGrid({ days, week, now, went, onOpen }: Props) {
  const t = useText();
  const hours = hoursOf(week);
  const count = hours.last - hours.first;
  const nowAt = placeOf(now.minute, hours);
  const style = { '--days': days.length, '--count': count } as CSSProperties;
  const isNow = (day: Day) => day === now.day && nowAt !== null;
  return (
    <div
      className={classes.frame}
      tabIndex={days.length > 1 ? 0 : undefined}
      role="region"
      aria-label={t.schedules.week}
    >
      <div className={classes.week} style={style} data-days={days.length}>
        <div className={classes.corner} />
        {days.map(({ day }) => (
          <div key={day} className={classes.heading} data-today={day === now.day || undefined}>
            {heading(day, t.locale)}
            {day === now.day && <VisuallyHidden> ({t.schedules.today})</VisuallyHidden>}
          </div>
        ))}
        <div className={classes.hours} aria-hidden>
          {Array.from({ length: count + 1 }, (_, index) => (
            <span key={index} style={{ top: percent(index / count) }}>
              {clock((hours.first + index) * 60)}
            </span>
          ))}
        </div>
        {days.map(({ day, blocks }) => (
          <ul
            key={day}
            className={classes.day}
            data-day={day}
            data-today={day === now.day || undefined}
            aria-label={dayText(day, t.locale, { weekday: 'long', day: 'numeric', month: 'long' })}
          >
            {isNow(day) && (
              <li
                className={classes.now}
                style={{ top: percent(nowAt ?? 0) }}
                data-testid="now"
                title={t.schedules.now(clock(now.minute))}
              >
                <VisuallyHidden>{t.schedules.now(clock(now.minute))}</VisuallyHidden>
              </li>
            )}
            {blocks.map((block) => (
              <Window
                key={`${block.schedule.id}-${block.from}`}
                block={block}
                past={isPast(day, block, now)}
                // With two windows on a day, the count cannot be attributed to
                // one of them.
                went={
                  blocks.filter(({ schedule }) => schedule.campania_id === block.schedule.campania_id)
                    .length === 1
                    ? went.get(sentCountKey(block.schedule.campania_id, day))
                    : undefined
                }
                hours={hours}
                narrow={days.length > 1 && block.columns > 1}
                onOpen={onOpen}
              />
            ))}
          </ul>
        ))}
      </div>
    </div>
  );
}

const heading = (day: Day, locale: string): string =>
  capitalize(dayText(day, locale, { weekday: 'short', day: 'numeric' }));

interface WindowProps {
  block: Block;
  past: boolean;
  went: number | undefined;
  hours: { first: number; last: number };
  narrow: boolean;
  onOpen: (schedule: Schedule) => void;
}

function Window({ block, past, went, hours, narrow, onOpen }: WindowProps) {
  const t = useText();
  const { schedule, from, to, column, columns, cut } = block;
  const name = nameOf(t, schedule);
  const outcome =
    went === undefined ? t.schedules.past : t.schedules.went(went, schedule.cupo_diario);
  const state = past ? outcome : t.schedules.states[schedule.estado];
  const times = `${schedule.hora_inicio}–${schedule.hora_fin}`;
  const top = placeOf(from, hours) ?? 0;
  const bottom = placeOf(to, hours) ?? 1;
  return (
    <li
      className={classes.place}
      style={{
        top: percent(top),
        height: percent(bottom - top),
        insetInlineStart: percent(column / columns),
        width: percent(1 / columns),
      }}
    >
      <UnstyledButton
        className={classes.block}
        data-estado={schedule.estado}
        data-cut={cut ?? undefined}
        data-past={past || undefined}
        data-short={to - from < SHORT || undefined}
        data-narrow={narrow ? Math.min(columns, 3) : undefined}
        title={`${name}\n${times} · ${state}`}
        onClick={() => onOpen(schedule)}
      >
        <strong>{name}</strong>
        <span>{state}</span>
        <span>{times}</span>
      </UnstyledButton>
    </li>
  );
}
