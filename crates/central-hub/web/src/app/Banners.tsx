import { Button, Stack } from '@mantine/core';
import {
  IconCloudOff,
  IconFlask,
  IconPlugConnectedX,
  IconRefresh,
  IconSparkles,
} from '@tabler/icons-react';

import { useSession } from '../live/queries';
import { useText } from '../i18n/I18nProvider';
import { codeText } from '../i18n/lookup';
import { useLasting } from '../lib/useLasting';
import { useLive } from '../live/LiveProvider';
import { hubIsAway, managerTrouble } from '../live/view';
import classes from './Banners.module.css';
import { Notice } from '../ui/Notice';
import { useDryRun } from '../live/useDryRun';
import { useOutdated } from '../live/useOutdated';

/** What holds for every screen and the operator must not miss. */
export function Banners() {
  const t = useText();
  const live = useLive();
  const { error } = useSession();
  const dryRun = useDryRun();
  const outdated = useOutdated();

  const hubAway = hubIsAway({ error, live });
  const trouble = hubAway ? null : managerTrouble({ error, live });
  // A read that works while the stream is lost: the hub is there, its stream is not.
  // A stream that is back within seconds is not worth a word.
  const polling = useLasting(live.link === 'lost' && error === null, 8_000);

  return (
    <Stack gap="sm" role="status" aria-live="polite" className={classes.banners}>
      {hubAway && (
        <Notice color="red" icon={<IconCloudOff aria-hidden />} title={t.banners.hubAwayTitle}>
          {t.banners.hubAwayText}
        </Notice>
      )}
      {trouble && (
        <Notice
          color="red"
          icon={<IconPlugConnectedX aria-hidden />}
          title={t.banners.managerAwayTitle}
        >
          {codeText(t, trouble.code, trouble.message)}
        </Notice>
      )}
      {polling && (
        <Notice color="yellow" icon={<IconRefresh aria-hidden />} title={t.banners.pollingTitle}>
          {t.banners.pollingText}
        </Notice>
      )}
      {outdated && (
        <Notice color="brand" icon={<IconSparkles aria-hidden />} title={t.banners.outdatedTitle}>
          <Stack gap="sm" align="flex-start">
            {t.banners.outdatedText}
            <Button size="xs" onClick={() => window.location.reload()}>
              {t.crash.reload}
            </Button>
          </Stack>
        </Notice>
      )}
      {dryRun && (
        <Notice color="yellow" icon={<IconFlask aria-hidden />} title={t.banners.dryRunTitle}>
          {t.banners.dryRunText}
        </Notice>
      )}
    </Stack>
  );
}
