import { Button, Stack } from '@mantine/core';

import { memo, useDeferredValue } from 'react';

import { Notice } from '../ui/Notice';
import { ScreenLoading } from '../ui/ScreenLoading';
import { useText } from '../i18n/I18nProvider';
import { errorText } from '../i18n/lookup';
import { clock } from '../schedules/week';
import { capitalize } from '../lib/capitalize';
import { clockIn, dayText } from '../lib/days';
import { useNow, wallClock } from '../lib/useNow';
import { Screen } from '../ui/Screen';
import { useInbox } from '../live/useInbox';
import { useLine } from '../live/useLine';
import { useOverview } from './api';
import { attentionItemsOf } from './attention';
import { AttentionCard } from './AttentionCard';
import { CampaignsCard } from './CampaignsCard';
import { FirstSteps } from './FirstSteps';
import { RepliesCard } from './RepliesCard';
import { SessionCard } from './SessionCard';
import classes from './Start.module.css';
import { TodayCard } from './TodayCard';
import type { Overview } from './types';
import { WeekCard } from './WeekCard';
import { WindowsCard } from './WindowsCard';

/** The start screen: today's status with links. */
export function StartScreen() {
  const t = useText();
  const s = t.start;
  const overview = useOverview();
  const { error, refetch } = overview;
  const data = useDeferredValue(overview.data);
  const now = useNow(wallClock, 15_000);
  const localNow = data && clockIn(now, data.zona);
  const day =
    localNow && dayText(localNow.day, t.locale, { weekday: 'long', day: 'numeric', month: 'long' });
  return (
    <Screen title={s.title} lead={localNow && day && s.lead(capitalize(day), clock(localNow.minute))}>
      {error && (
        <Notice color="red" title={s.failed} urgent>
          <Stack gap="xs" align="flex-start">
            {errorText(t, error)}
            <Button size="xs" variant="default" onClick={() => void refetch()}>
              {t.app.retry}
            </Button>
          </Stack>
        </Notice>
      )}
      <SessionCard />
      {!data && !error && <ScreenLoading />}
      {data && <Cards overview={data} now={now} />}
    </Screen>
  );
}

interface CardsProps {
  overview: Overview;
  /** The time, in milliseconds. */
  now: number;
}

/** The cards of an overview, which are not drawn again with every change of the line. */
const Cards = memo(function Cards({ overview, now }: CardsProps) {
  return (
    <>
      <FirstSteps overview={overview} />
      <Attention overview={overview} now={now} />
      <div className={classes.columns}>
        <TodayCard today={overview.hoy} dryRun={overview.dry_run} />
        <WeekCard week={overview.semana} today={overview.dia} />
      </div>
      <div className={classes.columns}>
        <CampaignsCard campaigns={overview.campanias} zone={overview.zona} now={now} />
        <WindowsCard windows={overview.programaciones} now={now} />
      </div>
      <RepliesCard replies={overview.respuestas} />
    </>
  );
});

function Attention({ overview, now }: CardsProps) {
  const line = useLine();
  const inbox = useInbox();
  return (
    <AttentionCard
      matters={attentionItemsOf(overview, line.trouble, inbox)}
      zone={overview.zona}
      now={now}
    />
  );
}
