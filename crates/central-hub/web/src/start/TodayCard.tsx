import type { CSSProperties } from 'react';

import { useLinks } from '../auth/links';
import { useText } from '../i18n/I18nProvider';
import { Card } from './Card';
import classes from './Start.module.css';
import type { Today } from './types';

type Tone = 'bad' | 'warn';

interface Tile {
  name: string;
  count: number;
  tone?: Tone | undefined;
  /** The total it is a share of; omitted if it is not a step of sent messages. */
  of?: number;
}

/** Today's messages: the steps of those sent, then the others. */
export function TodayCard({ today, dryRun }: { today: Today; dryRun: boolean }) {
  const t = useText();
  const s = t.start.today;
  const link = useLinks();
  const number = new Intl.NumberFormat(t.locale);
  const sent = today.enviados;
  const tiles: Tile[] = [
    { name: s.sent, count: sent, of: sent },
    { name: s.delivered, count: today.entregados, of: sent },
    { name: s.read, count: today.leidos, of: sent },
    { name: s.received, count: today.recibidos },
    { name: s.waiting, count: today.en_espera },
    { name: s.failed, count: today.fallidos, tone: today.fallidos > 0 ? 'bad' : undefined },
    // Simulated messages are irrelevant to real sending.
    ...(dryRun || today.simulados > 0
      ? [
          {
            name: s.simulated,
            count: today.simulados,
            tone: today.simulados > 0 ? ('warn' as const) : undefined,
          },
        ]
      : []),
  ];
  return (
    <Card title={s.title} more={{ to: link('messages'), label: t.nav.messages }}>
      <dl className={classes.tiles}>
        {tiles.map(({ name, count, tone, of }) => (
          <div key={name} data-tone={tone}>
            <dt>
              {name}
              {of !== undefined && (
                <div
                  className={classes.part}
                  style={{ '--part': `${of === 0 ? 0 : Math.min(1, count / of) * 100}%` } as CSSProperties}
                />
              )}
            </dt>
            <dd>{number.format(count)}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}
