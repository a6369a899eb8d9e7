import { Anchor, Button } from '@mantine/core';
import { useDisclosure, useElementSize } from '@mantine/hooks';
import {
  IconAlertTriangle,
  IconFlask,
  IconInfoCircle,
  IconPlugConnectedX,
  IconRefresh,
  IconSparkles,
} from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, type ReactNode } from 'react';
import { Link, useLocation } from 'react-router';

import { connect } from '../api/endpoints';
import { useSeesAll } from '../auth/AuthProvider';
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
import { useMoment } from '../live/useMoment';
import { useOutdated } from '../live/useOutdated';
import { OperatorHelp } from '../ui/OperatorHelp';
import classes from './Banners.module.css';

interface BarProps {
  name: string;
  tone: 'bad' | 'warn' | 'info';
  icon: ReactNode;
  children: ReactNode;
}

/** One line across the screen: what is the matter, and the way out. */
const Bar = ({ name, tone, icon, children }: BarProps) => (
  <div className={classes.bar} data-tone={tone} data-banner={name}>
    {icon}
    {children}
  </div>
);

/**
* Banners above every screen (line trouble, polling, new version, dry run); they stay while the
* screen scrolls.
*/
export function Banners() {
  const t = useText();
  const live = useLive();
  const { error } = useSession();
  const dryRun = useDryRun();
  const outdated = useOutdated();
  const line = useLine();
  const [helping, help] = useDisclosure(false);
  // What fills the rest of the window, as a chat does, has to know how much is left.
  const { ref, height } = useElementSize();
  useEffect(() => {
    document.documentElement.style.setProperty('--lm-banners', `${height}px`);
  }, [height]);
  // A read that works while the stream is lost: the hub is there, its stream is not.
  // A stream that is back within seconds is not worth a word.
  const polling = useLasting(live.link === 'lost' && error === null, 8_000);

  return (
    <div className={classes.banners} ref={ref} role="status" aria-live="polite">
      {line.trouble && <TroubleBar trouble={line.trouble} />}
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

function TroubleBar({ trouble }: { trouble: NonNullable<Line['trouble']> }) {
  const t = useText();
  const moment = useMoment();
  const seesAll = useSeesAll();
  const { pathname } = useLocation();
  const queries = useQueryClient();
  const connecting = useMutation({
    mutationFn: connect,
    onSuccess: () => queries.invalidateQueries({ queryKey: SESSION_KEY }),
  });
  const { way } = trouble;
  // On the screen that the way leads to it is under one's eyes already.
  const there = pathname === ROUTES.whatsapp;
  const Icon =
    trouble.tone === 'warn'
      ? IconInfoCircle
      : trouble.kind === 'toolsBroken' || trouble.kind === 'broken'
        ? IconAlertTriangle
        : IconPlugConnectedX;
  return (
    <Bar name={trouble.kind} tone={trouble.tone} icon={<Icon size={16} aria-hidden />}>
      <span>{troubleText(t, trouble, moment)}</span>
      {way !== null && !there && (
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
