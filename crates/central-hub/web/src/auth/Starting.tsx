import { Container } from '@mantine/core';
import { IconCloudOff } from '@tabler/icons-react';

import { HUB_TIMEOUT, HUB_UNREACHABLE, ApiError } from '../api/http';
import { Notice } from '../ui/Notice';
import { ScreenLoading } from '../ui/ScreenLoading';
import { useText } from '../i18n/I18nProvider';
import { errorText } from '../i18n/lookup';

const isAway = (error: Error) =>
  error instanceof ApiError && [HUB_UNREACHABLE, HUB_TIMEOUT].includes(error.code);

/** Shown until the hub returns the user's identity; the request is retried. */
export function Starting({ error }: { error: Error | null }) {
  const t = useText();
  return (
    <Container component="main" size="xs" py={64}>
      {error && (
        <Notice
          color="red"
          icon={<IconCloudOff aria-hidden />}
          title={isAway(error) ? t.line.troubles.hubAway : t.auth.startFailed}
          urgent
        >
          {errorText(t, error)}
        </Notice>
      )}
      <ScreenLoading />
    </Container>
  );
}
