import { Table, Text, Title, VisuallyHidden } from '@mantine/core';
import { Bar, BarChart, CartesianGrid, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts';

import { useText } from '../i18n/I18nProvider';
import { dayText } from '../lib/days';

interface Props {
  days: readonly { dia: string; cantidad: number }[];
}

/** A chart of messages per day. A table has the same figures for screen readers. */
export default function Chart({ days }: Props) {
  const t = useText();
  const s = t.campaigns;
  const points = days.map(({ dia, cantidad }) => ({
    day: dayText(dia, t.locale, { day: 'numeric', month: 'short' }),
    count: cantidad,
  }));
  return (
    <section aria-label={s.perDay} data-testid="chart">
      <Title order={3} size="h6" mb="xs">
        {s.perDay}
      </Title>
      <div style={{ height: 220 }} aria-hidden>
        <ResponsiveContainer width="100%" height="100%">
          <BarChart
            data={points}
            accessibilityLayer={false}
            margin={{ top: 4, right: 8, bottom: 0, left: 0 }}
          >
            <CartesianGrid vertical={false} stroke="var(--lm-line)" />
            <XAxis
              dataKey="day"
              stroke="var(--mantine-color-dimmed)"
              tickLine={false}
              fontSize={12}
            />
            <YAxis
              allowDecimals={false}
              width={44}
              stroke="var(--mantine-color-dimmed)"
              tickLine={false}
              axisLine={false}
              fontSize={12}
            />
            <Tooltip
              cursor={{ fill: 'var(--mantine-color-gray-light)' }}
              contentStyle={{
                background: 'var(--lm-surface)',
                border: '1px solid var(--lm-line)',
                borderRadius: 8,
              }}
              formatter={(count) => [Number(count).toLocaleString(t.locale), s.messages]}
            />
            <Bar
              dataKey="count"
              fill="var(--mantine-primary-color-filled)"
              radius={[4, 4, 0, 0]}
              maxBarSize={48}
              isAnimationActive={false}
            />
          </BarChart>
        </ResponsiveContainer>
      </div>
      <VisuallyHidden>
        <Table>
          <caption>
            <Text span>{s.perDay}</Text>
          </caption>
          <thead>
            <tr>
              <th scope="col">{s.day}</th>
              <th scope="col">{s.messages}</th>
            </tr>
          </thead>
          <tbody>
            {points.map(({ day, count }) => (
              <tr key={day}>
                <td>{day}</td>
                <td>{count}</td>
              </tr>
            ))}
          </tbody>
        </Table>
      </VisuallyHidden>
    </section>
  );
}
