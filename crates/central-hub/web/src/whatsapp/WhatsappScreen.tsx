import { Paper, Stack, Text, Title, VisuallyHidden } from '@mantine/core';
import { useEffect, useRef } from 'react';

import { useSession } from '../live/queries';
import { ScreenLoading } from '../ui/ScreenLoading';
import { useDryRun } from '../live/useDryRun';
import { useText } from '../i18n/I18nProvider';
import { usePageTitle } from '../lib/usePageTitle';
import { useLive } from '../live/LiveProvider';
import { DetailsToggle } from './DetailsToggle';
import { headline } from '../live/headline';
import { Away, Disconnected, Failed, Idle, Starting, Syncing } from './PlainStates';
import { Passkey } from './Passkey';
import { Ready } from './Ready';
import { Scan } from './Scan';
import { SendTest } from './SendTest';
import { useSessionActions, type SessionActions } from './useSessionActions';
import { hubIsAway, viewOf, type View } from '../live/view';
import type { SessionBody } from '../api/types';

interface StateProps {
  view: View;
  session: SessionBody | undefined;
  actions: SessionActions;
  disabled: boolean;
}

function State({ view, session, ...common }: StateProps) {
  switch (view.kind) {
    case 'loading':
      return <ScreenLoading />;
    case 'away':
      return <Away view={view} />;
    case 'idle':
      return <Idle view={view} {...common} />;
    case 'starting':
      return <Starting view={view} {...common} />;
    case 'scan':
      return <Scan actions={common.actions} />;
    case 'passkey':
      return <Passkey needsConfirmation={session?.passkey?.needs_confirmation ?? true} />;
    case 'syncing':
      return <Syncing view={view} {...common} />;
    case 'ready':
      return <Ready session={session} actions={common.actions} />;
    case 'disconnected':
      return <Disconnected view={view} {...common} />;
    case 'failed':
      return <Failed view={view} lastError={session?.last_error ?? null} {...common} />;
  }
}

export default function WhatsappScreen() {
  const t = useText();
  const live = useLive();
  const { data: session, error } = useSession();
  const actions = useSessionActions();
  const dryRun = useDryRun();

  const view = viewOf({ session, error, live, connecting: actions.connect.isPending });
  const disabled = hubIsAway({ error, live });
  const { label } = headline(t, view);
  usePageTitle(label);

  // The pressed button was unmounted with its state: the keyboard focus must
  // not jump to the top of the page.
  const card = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (document.activeElement === document.body) card.current?.focus({ preventScroll: true });
  }, [view.kind]);

  return (
    <Stack gap="sm" maw={880}>
      <div>
        <Title order={1} size="h3" lh={1.25}>
          {t.whatsapp.title}
        </Title>
        <Text c="dimmed" size="sm">
          {t.whatsapp.lead}
        </Text>
      </div>
      {/* The card's own title shows it. */}
      <VisuallyHidden role="status" aria-live="polite" data-testid="state">
        {label}
      </VisuallyHidden>

      <Paper
        withBorder
        p={{ base: 'md', sm: 'xl' }}
        radius="lg"
        className="lm-surface lm-quiet-focus"
        data-view={view.kind}
        ref={card}
        tabIndex={-1}
      >
        <State view={view} session={session} actions={actions} disabled={disabled} />
      </Paper>

      {view.kind === 'ready' && (
        <Paper withBorder p={{ base: 'md', sm: 'xl' }} radius="lg" className="lm-surface">
          <SendTest
            dryRun={dryRun === true}
            disabled={disabled}
            own={session?.account?.phone ?? null}
          />
        </Paper>
      )}

      {session && <DetailsToggle session={session} />}
    </Stack>
  );
}
