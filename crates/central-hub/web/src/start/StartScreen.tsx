import { Button, Stack } from '@mantine/core';

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
import { WeekCard } from './WeekCard';
import { WindowsCard } from './WindowsCard';

/** The start screen: today's status with links. */
export default function StartScreen() {
  const t = useText();
  const s = t.start;
  const { data, error, refetch } = useOverview();
  const now = useNow(wallClock, 15_000);
  const line = useLine();
  const inbox = useInbox();
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
      {data && (
        <>
          <FirstSteps overview={data} />
          <AttentionCard matters={attentionItemsOf(data, line.trouble, inbox)} zone={data.zona} now={now} />
          <div className={classes.columns}>
            <TodayCard today={data.hoy} dryRun={data.dry_run} />
            <WeekCard week={data.semana} today={data.dia} />
          </div>
          <div className={classes.columns}>
            <CampaignsCard campaigns={data.campanias} zone={data.zona} now={now} />
            <WindowsCard windows={data.programaciones} now={now} />
          </div>
          <RepliesCard replies={data.respuestas} />
        </>
      )}
    </Screen>
  );
}
