import { useLinks } from '../auth/links';
import { useText } from '../i18n/I18nProvider';
import { Card } from './Card';
import { Funnel } from './Funnel';
import classes from './Start.module.css';
import type { Today } from './types';

/** Today's messages: sent messages as a funnel, then the other counts. */
export function TodayCard({ today, dryRun }: { today: Today; dryRun: boolean }) {
  const t = useText();
  const s = t.start.today;
  const link = useLinks();
  const number = new Intl.NumberFormat(t.locale);
  const steps = [
    { name: s.sent, count: today.enviados },
    { name: s.delivered, count: today.entregados },
    { name: s.read, count: today.leidos },
  ];
  const others = [
    { name: s.received, count: today.recibidos },
    { name: s.waiting, count: today.en_espera },
    { name: s.failed, count: today.fallidos, tone: today.fallidos > 0 ? 'bad' : undefined },
    // Shown only if there are simulated messages or the hub is in dry run.
    ...(dryRun || today.simulados > 0
      ? [{ name: s.simulated, count: today.simulados, tone: today.simulados > 0 ? 'warn' : undefined }]
      : []),
  ];
  return (
    <Card title={s.title} more={{ to: link('messages'), label: t.nav.messages }}>
      <Funnel steps={steps} />
      <dl className={classes.facts}>
        {others.map(({ name, count, tone }) => (
          <div key={name} data-tone={tone}>
            <dt>{name}</dt>
            <dd>{number.format(count)}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}
