import { Button, Stack } from '@mantine/core';

import { useText } from '../i18n/I18nProvider';
import { errorText } from '../i18n/lookup';
import { Notice } from './Notice';

/** Reports that a list could not be read, with a button to try again. */
export function ListFailed({ error, onRetry }: { error: Error; onRetry: () => void }) {
  const t = useText();
  return (
    <Notice color="red" title={t.list.failed} urgent>
      <Stack gap="xs" align="flex-start">
        {errorText(t, error)}
        <Button size="xs" variant="default" onClick={onRetry}>
          {t.app.retry}
        </Button>
      </Stack>
    </Notice>
  );
}
