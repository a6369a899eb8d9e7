import { Anchor } from '@mantine/core';
import { Link } from 'wouter';

import { useLinks } from '../auth/links';
import { useText } from '../i18n/I18nProvider';
import { Card } from '../ui/Card';

/** A link to the screen for programmers. */
export function AdvancedCard() {
  const t = useText();
  const to = useLinks()('integrations');
  if (to === null) return null;
  return (
    <Card title={t.settings.advanced.title} text={t.settings.advanced.text}>
      <Anchor component={Link} to={to}>
        {t.nav.integrations}
      </Anchor>
    </Card>
  );
}
