import { Anchor, Badge, Group, Progress, Text } from '@mantine/core';
import { Link } from 'wouter';

import { useText } from '../i18n/I18nProvider';
import type { Dictionary } from '../i18n/es';
import { waitReasonText } from '../i18n/lookup';
import { timestampText } from '../lib/days';
import { doneOf } from './attention';
import { Card } from './Card';
import { useLinks } from '../auth/links';
import classes from './Start.module.css';
import type { Overview, UnderWay } from './types';

interface Props {
  campaigns: Overview['campanias'];
  zone: string;
  now: number;
}

/** Progress and estimated end of running campaigns. */
export function CampaignsCard({ campaigns, zone, now }: Props) {
  const t = useText();
  const c = t.start.campaigns;
  const to = useLinks()('campaigns');
  const more = campaigns.total - campaigns.items.length;
  const number = new Intl.NumberFormat(t.locale);
  return (
    <Card title={c.title} more={{ to, label: c.all }}>
      {campaigns.items.length === 0 && (
        <Text size="sm" c="dimmed">
          {c.none}
        </Text>
      )}
      {campaigns.items.length > 0 && (
        <ul className={classes.list}>
          {campaigns.items.map((campaign) => {
            const settled = doneOf(campaign);
            const progress = c.progress(number.format(settled), number.format(campaign.total));
            return (
              <li key={campaign.id} data-campaign={campaign.id}>
                <Group justify="space-between" gap="xs" wrap="nowrap" align="baseline">
                  <Group gap="xs">
                    {to ? (
                      <Anchor component={Link} to={`${to}/${campaign.id}`} size="sm" fw={600}>
                        {campaign.nombre}
                      </Anchor>
                    ) : (
                      <Text size="sm" fw={600}>
                        {campaign.nombre}
                      </Text>
                    )}
                    {campaign.simulacion && (
                      <Badge variant="light" tt="none" color="yellow">
                        {c.rehearsal}
                      </Badge>
                    )}
                  </Group>
                  <Text size="sm" ta="end">
                    {progress}
                  </Text>
                </Group>
                <Progress
                  my={6}
                  value={campaign.total === 0 ? 0 : (settled / campaign.total) * 100}
                  aria-label={`${campaign.nombre}: ${progress}`}
                />
                <Text size="xs" c="dimmed">
                  {noteOf(t, campaign, zone, now).join(' · ')}
                </Text>
              </li>
            );
          })}
        </ul>
      )}
      {more > 0 && (
        <Text size="sm" c="dimmed">
          {c.more(more)}
        </Text>
      )}
    </Card>
  );
}

function noteOf(t: Dictionary, campaign: UnderWay, zone: string, now: number): string[] {
  const c = t.start.campaigns;
  const formatTime = (time: string) => timestampText(time, now, zone, t.locale, t.dates);
  const notes: string[] = [];
  if (campaign.espera) {
    const { codigo, hasta } = campaign.espera;
    const waitReason = waitReasonText(t, codigo);
    // `PAUSE` is the regular pause between messages, not an obstacle.
    if (codigo === 'PAUSE') notes.push(hasta ? c.next(formatTime(hasta)) : '');
    else notes.push(hasta ? c.waitsUntil(waitReason, formatTime(hasta)) : c.waits(waitReason));
  }
  if (campaign.previsto_fin) notes.push(c.forecast(formatTime(campaign.previsto_fin)));
  if (campaign.fallidos > 0) notes.push(c.failed(campaign.fallidos));
  return notes.filter((note) => note !== '');
}
