import { Alert, Anchor, Group, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconClockPause, IconFlask, IconSend } from '@tabler/icons-react';
import { Link } from 'wouter';

import { useSeesAll } from '../auth/AuthProvider';
import { useText } from '../i18n/I18nProvider';
import { ROUTES } from '../lib/routes';
import { useFormatTime } from '../live/useFormatTime';
import { OperatorHelp } from '../ui/OperatorHelp';
import { SendingSwitch } from '../ui/SendingSwitch';
import { reasonText } from './reasonText';
import type { Reason, Standing } from './standing';
import type { CampaignStats } from './types';

/**
 * Shows whether the campaign sends: one line if it does, otherwise every reason with its
 * remedy.
 */
export function StandingNotice({
  campaign,
  standing,
}: {
  campaign: CampaignStats;
  standing: Standing;
}) {
  const t = useText();
  const s = t.campaigns;
  const formatTime = useFormatTime();
  const [helping, help] = useDisclosure(false);
  if (standing.kind === 'idle') return null;
  if (standing.kind === 'waiting') {
    return (
      <Alert
        color="yellow"
        role="note"
        icon={<IconClockPause aria-hidden />}
        title={s.waiting}
        data-testid="standing"
      >
        <ul style={{ margin: 0, paddingInlineStart: 18 }}>
          {standing.reasons.map((reason) => (
            <li key={reason.kind} data-reason={reason.kind}>
              <Text size="sm" span>
                {reasonText(t, reason, formatTime)}
              </Text>{' '}
              <RemedyButton reason={reason} campaign={campaign.id} onHelp={help.open} />
            </li>
          ))}
        </ul>
        <OperatorHelp opened={helping} onClose={help.close} />
      </Alert>
    );
  }
  const testing = standing.kind === 'testing';
  const parts = [
    testing ? s.testing : s.sending,
    ...(standing.kind === 'sending' && standing.next ? [s.nextAt(formatTime(standing.next))] : []),
    ...(!testing && campaign.termina ? [s.endsAt(formatTime(campaign.termina))] : []),
  ];
  return (
    <Group gap="xs" wrap="nowrap" data-testid="standing">
      {testing ? <IconFlask size={18} aria-hidden /> : <IconSend size={18} aria-hidden />}
      <Text size="sm" fw={600}>
        {parts.join(' · ')}
      </Text>
    </Group>
  );
}

interface WayProps {
  reason: Reason;
  campaign: number;
  onHelp: () => void;
}

function RemedyButton({ reason, campaign, onHelp }: WayProps) {
  const t = useText();
  const w = t.campaigns.ways;
  const seesAll = useSeesAll();
  switch (reason.kind) {
    case 'stopped':
      return seesAll ? <SendingSwitch size="compact-xs" variant="default" /> : null;
    case 'rehearsalLock':
    case 'campaignsOff':
      return (
        <Anchor component="button" type="button" size="sm" onClick={onHelp}>
          {w.howTo}
        </Anchor>
      );
    case 'notReady':
      return (
        <Anchor component={Link} to={ROUTES.whatsapp} size="sm">
          {w.connect}
        </Anchor>
      );
    case 'noSchedule':
      return (
        <Anchor component={Link} to={`${ROUTES.schedules}?campania=${campaign}`} size="sm">
          {w.schedule}
        </Anchor>
      );
    case 'notApproved':
      return seesAll ? (
        <Anchor
          component={Link}
          to={`${ROUTES.schedules}?campania=${campaign}&vista=lista&estado=pendiente`}
          size="sm"
        >
          {w.approve}
        </Anchor>
      ) : null;
    default:
      return null;
  }
}
