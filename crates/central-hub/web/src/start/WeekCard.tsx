import { Text, VisuallyHidden } from '@mantine/core';
import type { CSSProperties } from 'react';

import { useText } from '../i18n/I18nProvider';
import { dayName, type Day } from '../lib/days';
import { Card } from './Card';
import { Funnel } from './Funnel';
import classes from './Start.module.css';
import type { Week } from './types';

/** The last seven days: a funnel of the messages, and bars for each day. */
export function WeekCard({ week, today }: { week: Week; today: Day }) {
  const t = useText();
  const s = t.start.week;
  const number = new Intl.NumberFormat(t.locale);
  const sum = (name: 'enviados' | 'entregados' | 'leidos') =>
    week.dias.reduce((total, day) => total + day[name], 0);
  const steps = [
    { name: t.start.today.sent, count: sum('enviados') },
    { name: t.start.today.delivered, count: sum('entregados') },
    { name: t.start.today.read, count: sum('leidos') },
    { name: s.answered, count: week.respondieron },
  ];
  const maxCount = Math.max(1, ...week.dias.flatMap((day) => [day.enviados, day.recibidos]));
  const height = (count: number) => ({ '--part': `${(count / maxCount) * 100}%` }) as CSSProperties;
  return (
    <Card title={s.title}>
      <Funnel steps={steps} />
      <ol className={classes.week} aria-label={s.days}>
        {week.dias.map(({ dia, enviados, recibidos }) => (
          <li key={dia} data-day={dia} title={s.day(number.format(enviados), number.format(recibidos))}>
            <span className={classes.bars} aria-hidden>
              <span data-kind="sent" style={height(enviados)} />
              <span data-kind="received" style={height(recibidos)} />
            </span>
            <span className={classes.dayName}>{dayName(dia, today, t.locale, t.dates)}</span>
            <VisuallyHidden>{s.day(number.format(enviados), number.format(recibidos))}</VisuallyHidden>
          </li>
        ))}
      </ol>
      <Text size="xs" c="dimmed" className={classes.legend ?? ''}>
        <span data-kind="sent" aria-hidden /> {t.start.today.sent}
        <span data-kind="received" aria-hidden /> {t.start.today.received}
      </Text>
    </Card>
  );
}
