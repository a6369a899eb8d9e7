import { VisuallyHidden } from '@mantine/core';

import { useText } from '../i18n/I18nProvider';
import { countText } from '../live/countText';
import classes from './Frame.module.css';

/** A badge with the number of contacts who wait for a reply. */
export function Waiting({ count, more = false }: { count: number; more?: boolean | undefined }) {
  const t = useText();
  const label = countText(count, more);
  return (
    <span className={classes.count} data-testid="waiting">
      <span aria-hidden>{label}</span>
      <VisuallyHidden>{t.alerts.waiting(count)}</VisuallyHidden>
    </span>
  );
}
