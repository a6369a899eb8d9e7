import { Button, Loader, Text } from '@mantine/core';
import {
  IconAlertTriangle,
  IconCloudOff,
  IconPlugConnected,
  IconPlugConnectedX,
  IconRefresh,
} from '@tabler/icons-react';

import type { LastError } from '../api/types';
import { Notice } from '../ui/Notice';
import { useText } from '../i18n/I18nProvider';
import { explain } from '../i18n/lookup';
import { ActionError } from '../ui/ActionError';
import { CloseActions } from './CloseActions';
import { Hero } from './Hero';
import type { SessionActions } from './useSessionActions';
import type { View } from '../live/view';

type Of<K extends View['kind']> = Extract<View, { kind: K }>;

interface Common {
  actions: SessionActions;
  /** Whether the hub is unreachable, so that actions would fail. */
  disabled: boolean;
}

function ConnectButton({ actions, disabled, label }: Common & { label: string }) {
  return (
    <>
      <Button
        size="md"
        mt="sm"
        leftSection={<IconPlugConnected size={20} aria-hidden />}
        disabled={disabled}
        loading={actions.connect.isPending}
        onClick={() => actions.connect.mutate()}
      >
        {label}
      </Button>
      <ActionError error={actions.connect.error} />
    </>
  );
}

export function Idle({ view, ...common }: Common & { view: Of<'idle'> }) {
  const t = useText();
  return (
    <Hero
      icon={<IconPlugConnectedX size={40} stroke={1.5} aria-hidden />}
      color="gray"
      title={t.idle.title}
      text={view.linked ? t.idle.linkedText : t.idle.text}
    >
      <ConnectButton {...common} label={t.idle.connect} />
    </Hero>
  );
}

export function Starting({ view, actions }: Common & { view: Of<'starting'> }) {
  const t = useText();
  const failure = Object.hasOwn(t.failures, view.cause)
    ? explain(t, view.cause, view.message)
    : null;
  return (
    <Hero
      icon={<Loader size={36} aria-hidden />}
      color="brand"
      title={t.starting.title}
      text={view.linked ? t.starting.linkedText : t.starting.text}
    >
      {failure && (
        <Notice color="yellow" icon={<IconRefresh aria-hidden />} title={failure.what}>
          {failure.cure}
        </Notice>
      )}
      <CloseActions actions={actions} offer={['cancel']} justify="center" />
    </Hero>
  );
}

export function Syncing({ view, actions }: Common & { view: Of<'syncing'> }) {
  const t = useText();
  const isServiceDown = view.cause === 'SERVICE_UNAVAILABLE';
  const lost = isServiceDown || view.cause === 'CONNECTION_LOST';
  const lostText = isServiceDown ? t.causes.SERVICE_UNAVAILABLE : t.syncing.lostText;
  return (
    <Hero
      icon={
        lost ? (
          <IconCloudOff size={40} stroke={1.5} aria-hidden />
        ) : (
          <Loader size={36} aria-hidden />
        )
      }
      color={lost ? 'yellow' : 'brand'}
      title={lost ? t.syncing.lostTitle : t.syncing.title}
      text={lost ? lostText : t.syncing.text}
    >
      <CloseActions actions={actions} offer={['disconnect', 'unlink']} justify="center" />
    </Hero>
  );
}

export function Disconnected({ view, ...common }: Common & { view: Of<'disconnected'> }) {
  const t = useText();
  return (
    <Hero
      icon={<IconPlugConnectedX size={40} stroke={1.5} aria-hidden />}
      color="gray"
      title={t.disconnected.title}
      text={
        <>
          <Text c="bright" fw={500}>
            {explain(t, view.cause, view.message).what}
          </Text>
          <Text mt={4}>
            {view.linked ? t.disconnected.linkedText : t.disconnected.unlinkedText}
          </Text>
        </>
      }
    >
      <ConnectButton {...common} label={t.idle.connect} />
      {view.linked && <CloseActions actions={common.actions} offer={['unlink']} justify="center" />}
    </Hero>
  );
}

export function Failed({
  view,
  lastError,
  ...common
}: Common & { view: Of<'failed'>; lastError: LastError | null }) {
  const t = useText();
  const { what, cure } = explain(t, view.cause, view.message);
  // After an exhausted restart budget, the original failure is in `lastError`.
  const technical = lastError?.message ?? view.message;
  return (
    <Hero
      icon={<IconAlertTriangle size={40} stroke={1.5} aria-hidden />}
      color="red"
      title={t.failed.title}
      text={<Text c="bright">{what}</Text>}
    >
      {cure && (
        <Notice color="gray" title={t.failed.whatToDo}>
          {cure}
        </Notice>
      )}
      <ConnectButton {...common} label={t.failed.retry} />
      {technical && technical !== what && (
        <Text size="xs" c="dimmed" mt="xs">
          {t.failed.technical}: {lastError?.code ?? view.cause} — {technical}
        </Text>
      )}
    </Hero>
  );
}

export function Away({ view }: { view: Of<'away'> }) {
  const t = useText();
  return (
    <Hero
      icon={<IconCloudOff size={40} stroke={1.5} aria-hidden />}
      color="gray"
      title={t.away.title}
      text={view.who === 'hub' ? t.away.hubText : t.away.managerText}
    />
  );
}
