import { Alert } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';

import { useText } from '../i18n/I18nProvider';
import { errorText } from '../i18n/lookup';

/** Why the last click did nothing. */
export function ActionError({ error }: { error: Error | null }) {
  const t = useText();
  if (!error) return null;
  return (
    <Alert
      color="red"
      icon={<IconAlertTriangle aria-hidden />}
      title={t.actions.failed}
      role="alert"
      ta="start"
      w="100%"
    >
      {errorText(t, error)}
    </Alert>
  );
}
