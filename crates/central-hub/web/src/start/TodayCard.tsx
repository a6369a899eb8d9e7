import { useText } from '../i18n/I18nProvider';
import { Card } from './Card';
import { useLinks } from '../auth/links';
import classes from './Start.module.css';
import type { Today } from './types';

type Tone = 'bad' | 'warn' | undefined;

/** Today's messages by what became of them. */
export function TodayCard({ today, dryRun }: { today: Today; dryRun: boolean }) {
  const t = useText();
  const s = t.start.today;
  const link = useLinks();
  const number = new Intl.NumberFormat(t.locale);
  const tiles: [string, number, Tone?][] = [
    [s.sent, today.enviados],
    [s.delivered, today.entregados],
    [s.read, today.leidos],
    [s.waiting, today.en_espera],
    [s.failed, today.fallidos, today.fallidos > 0 ? 'bad' : undefined],
    // Nobody who sends for real asks for what was not sent.
    ...(dryRun || today.simulados > 0
      ? [
          [s.simulated, today.simulados, today.simulados > 0 ? 'warn' : undefined] as [
            string,
            number,
            Tone?,
          ],
        ]
      : []),
    [s.received, today.recibidos],
  ];
  return (
    <Card title={s.title} more={{ to: link('messages'), label: t.nav.messages }}>
      <dl className={classes.tiles}>
        {tiles.map(([name, count, tone]) => (
          <div key={name} data-tone={tone}>
            <dt>{name}</dt>
            <dd>{number.format(count)}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}
