import type { ReactNode } from 'react';

import classes from './Facts.module.css';

export type Fact = readonly [name: string, value: ReactNode];

/** A list of labels and values. */
export function Facts({ rows }: { rows: readonly Fact[] }) {
  return (
    <dl className={classes.facts}>
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
