import type { CSSProperties } from 'react';

import { useText } from '../i18n/I18nProvider';
import classes from './Start.module.css';

interface Props {
  /** The steps; each count is a part of the first. */
  steps: readonly { name: string; count: number }[];
}

/** A funnel of message counts, each with a bar for its share of the first. */
export function Funnel({ steps }: Props) {
  const t = useText();
  const number = new Intl.NumberFormat(t.locale);
  const percent = new Intl.NumberFormat(t.locale, { style: 'percent' });
  const all = steps[0]?.count ?? 0;
  return (
    <dl className={classes.funnel}>
      {steps.map(({ name, count }, at) => {
        const part = all === 0 ? 0 : Math.min(1, count / all);
        return (
          <div key={name} style={{ '--part': `${part * 100}%` } as CSSProperties}>
            <dt>
              <span>{name}</span>
              <span>{at > 0 && all > 0 && percent.format(part)}</span>
            </dt>
            <dd>{number.format(count)}</dd>
          </div>
        );
      })}
    </dl>
  );
}
