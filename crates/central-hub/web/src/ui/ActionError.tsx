import { IconAlertTriangle } from '@tabler/icons-react';

import { Notice } from './Notice';
import { useText } from '../i18n/I18nProvider';
import { errorText } from '../i18n/lookup';

/** The error of the last action. */
export function ActionError({ error }: { error: Error | null }) {
  const t = useText();
  if (!error) return null;
  return (
    <Notice color="red" icon={<IconAlertTriangle aria-hidden />} title={t.actions.failed} urgent>
      {errorText(t, error)}
    </Notice>
  );
}
