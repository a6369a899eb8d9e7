import { Anchor, Button } from '@mantine/core';
import { useDisclosure, useElementSize } from '@mantine/hooks';
import {
  IconAlertTriangle,
  IconFlask,
  IconHandStop,
  IconInfoCircle,
  IconPlugConnectedX,
  IconRefresh,
  IconSparkles,
} from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, type ReactNode } from 'react';
import { Link, useLocation } from 'wouter';

import { connect } from '../api/endpoints';
import { useSeesAll } from '../auth/AuthProvider';
import { useLinks } from '../auth/links';
import { useText } from '../i18n/I18nProvider';
import { ROUTES } from '../lib/routes';
import { useLasting } from '../lib/useLasting';
import { SESSION_KEY } from '../live/keys';
import type { Line } from '../live/line';
import { troubleText } from '../live/lineText';
import { useLive } from '../live/LiveProvider';
import { useSession } from '../live/queries';
import { useDryRun } from '../live/useDryRun';
import { useLine } from '../live/useLine';
import { useFormatTime } from '../live/useFormatTime';
import { useOutdated } from '../live/useOutdated';
import { useFollowSending, useSending } from '../live/useSending';
import { OperatorHelp } from '../ui/OperatorHelp';
import { SendingSwitch } from '../ui/SendingSwitch';
import classes from './Banners.module.css';

interface BarProps {
  name: string;
  tone: 'bad' | 'warn' | 'info';
  icon: ReactNode;
  children: ReactNode;
}

/** A bar across the screen with a problem and its remedy. */
const Bar = ({ name, tone, icon, children }: BarProps) => (
  <div className={classes.bar} data-tone={tone} data-banner={name}>
    {icon}
    {children}
  </div>
);

/**
 * The banners above every screen (line trouble, polling, new version, dry run);
 * they stay while the screen scrolls.
 */
export function Banners() {
  const t = useText();
  const live = useLive();
  const { error } = useSession();
  const dryRun = useDryRun();
  const outdated = useOutdated();
  const line = useLine();
  const sending = useSending();
  const formatTime = useFormatTime();
  const seesAll = useSeesAll();
  useFollowSending();
  const [helping, help] = useDisclosure(false);
  // Screens that fill the window, such as a chat, need the remaining height.
  const { ref, height } = useElementSize();
  useEffect(() => {
    document.documentElement.style.setProperty('--lm-banners', `${height}px`);
  }, [height]);
  // The session can be fetched, so the hub is up and only the stream is lost. An
  // outage of a few seconds is not reported.
  const polling = useLasting(live.link === 'lost' && error === null, 8_000);

  return (
    <div className={classes.banners} ref={ref} role="status" aria-live="polite">
      {sending?.detenido && (
        <Bar name="stopped" tone="bad" icon={<IconHandStop size={16} aria-hidden />}>
          <span>{t.sending.stopped(sending.por, sending.desde && formatTime(sending.desde))}</span>
          {seesAll && <SendingSwitch size="compact-xs" />}
        </Bar>
      )}
      {line.trouble && <LineBanner trouble={line.trouble} />}
      {polling && (
        <Bar name="polling" tone="warn" icon={<IconRefresh size={16} aria-hidden />}>
          <span>
            <strong>{t.banners.pollingTitle}.</strong> {t.banners.pollingText}
          </span>
        </Bar>
      )}
      {outdated && (
        <Bar name="outdated" tone="info" icon={<IconSparkles size={16} aria-hidden />}>
          <span>
            <strong>{t.banners.outdatedTitle}.</strong> {t.banners.outdatedText}
          </span>
          <Button size="compact-xs" onClick={() => window.location.reload()}>
            {t.crash.reload}
          </Button>
        </Bar>
      )}
      {dryRun && (
        <Bar name="dry-run" tone="warn" icon={<IconFlask size={16} aria-hidden />}>
          <span>
            <strong>{t.banners.dryRun}</strong>
            <span className={classes.wide}> · {t.banners.dryRunText}</span>
          </span>
          <Anchor component="button" type="button" onClick={help.open} className={classes.way}>
            {t.banners.dryRunHow}
          </Anchor>
        </Bar>
      )}
      <OperatorHelp opened={helping} onClose={help.close} />
    </div>
  );
}

function LineBanner({ trouble }: { trouble: NonNullable<Line['trouble']> }) {
  const t = useText();
  const formatTime = useFormatTime();
  const seesAll = useSeesAll();
  const link = useLinks();
  const [pathname] = useLocation();
  const queries = useQueryClient();
  const connecting = useMutation({
    mutationFn: connect,
    onSuccess: () => queries.invalidateQueries({ queryKey: SESSION_KEY }),
  });
  const { way } = trouble;
  // The WhatsApp screen, where the remedy is, already shows the problem.
  const isOnRemedyScreen = pathname === ROUTES.whatsapp;
  const Icon =
    trouble.tone === 'warn'
      ? IconInfoCircle
      : trouble.kind === 'toolsBroken' || trouble.kind === 'broken'
        ? IconAlertTriangle
        : IconPlugConnectedX;
  return (
    <Bar name={trouble.kind} tone={trouble.tone} icon={<Icon size={16} aria-hidden />}>
      <span>{troubleText(t, trouble, formatTime)}</span>
      {way !== null && !isOnRemedyScreen && link('whatsapp') !== null && (
        <>
          {way === 'connect' && seesAll ? (
            <Button
              size="compact-xs"
              color={trouble.tone === 'bad' ? 'red.9' : 'brand'}
              loading={connecting.isPending}
              onClick={() => connecting.mutate()}
            >
              {t.line.ways.connect}
            </Button>
          ) : (
            <Button
              component={Link}
              to={ROUTES.whatsapp}
              size="compact-xs"
              color={trouble.tone === 'bad' ? 'red.9' : 'brand'}
            >
              {t.line.ways[way]}
            </Button>
          )}
        </>
      )}
    </Bar>
  );
}
