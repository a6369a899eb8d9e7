import { Group, Text, ThemeIcon, Title } from '@mantine/core';
import { IconCircleCheck } from '@tabler/icons-react';

import type { SessionBody } from '../api/types';
import { useText } from '../i18n/I18nProvider';
import { formatPhone } from '../lib/phone';
import { relative } from '../lib/time';
import { useFormatTime } from '../live/useFormatTime';
import { useNow, wallClock } from '../lib/useNow';
import { CloseActions } from './CloseActions';
import classes from './Ready.module.css';
import type { SessionActions } from './useSessionActions';

/** The connected state: the account, and since when it is connected. */
export function Ready({
  session,
  actions,
}: {
  session: SessionBody | undefined;
  actions: SessionActions;
}) {
  const t = useText();
  const now = useNow(wallClock, 30_000);
  const formatTime = useFormatTime();
  const account = session?.account ?? null;

  return (
    <>
      <Group gap="md" wrap="nowrap" align="center">
        <ThemeIcon size={64} radius={32} variant="light">
          <IconCircleCheck size={38} stroke={1.5} aria-hidden />
        </ThemeIcon>
        <div>
          <Title order={2} size="h3">
            {t.ready.title}
          </Title>
          {account && (
            <Text c="dimmed" data-testid="account-name">
              {account.pushname ?? t.ready.unnamed}
            </Text>
          )}
        </div>
      </Group>
      {session && (
        <dl className={classes.facts}>
          {account && (
            <div>
              <dt>{t.ready.number}</dt>
              <dd data-testid="account-phone">{formatPhone(account.phone)}</dd>
            </div>
          )}
          {account?.platform && (
            <div>
              <dt>{t.ready.platform}</dt>
              <dd className={classes.platform}>{account.platform}</dd>
            </div>
          )}
          <div>
            <dt>{t.ready.since}</dt>
            <dd>
              {relative(session.since, now, t.locale) ?? t.ready.justNow}
              <Text size="xs" c="dimmed">
                {formatTime(session.since)}
              </Text>
            </dd>
          </div>
        </dl>
      )}
      <CloseActions actions={actions} offer={['disconnect', 'unlink']} />
    </>
  );
}
