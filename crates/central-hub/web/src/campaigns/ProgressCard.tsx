import { Alert, Anchor, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { IconClockPause } from '@tabler/icons-react';
import { lazy, Suspense } from 'react';
import { Link } from 'wouter';

import { useAuth } from '../auth/AuthProvider';
import { capitalize } from '../lib/capitalize';
import { ScreenLoading } from '../ui/ScreenLoading';
import { useText } from '../i18n/I18nProvider';
import { causeText, whyPaused } from '../i18n/lookup';
import { useFormatTime } from '../live/useFormatTime';
import { Surface } from '../ui/Surface';
import { ProgressBar } from './ProgressBar';
import { ROUTES } from '../lib/routes';
import { RepliesList } from './RepliesList';
import { StandingNotice } from './StandingNotice';
import type { Standing } from './standing';
import type { CampaignStats } from './types';

const Chart = lazy(() => import('./Chart'));

/** The campaign's progress, current obstacle, and messages per day. */
export function ProgressCard({
  campaign,
  standing,
}: {
  campaign: CampaignStats;
  standing: Standing;
}) {
  const t = useText();
  const formatTime = useFormatTime();
  const { me } = useAuth();
  const s = t.campaigns;
  const real = campaign.simulacion === false;
  const figures: [string, number][] = [
    [s.figures.total, campaign.total],
    [s.figures.pendientes, campaign.pendientes + campaign.en_cola],
    ...(real || campaign.enviados > 0
      ? ([
          [s.figures.enviados, campaign.enviados],
          [s.figures.entregados, campaign.entregados],
          [s.figures.leidos, campaign.leidos],
        ] as [string, number][])
      : []),
    ...(campaign.simulacion === true
      ? ([[s.figures.simulados, campaign.simulados]] as [string, number][])
      : []),
    [s.figures.fallidos, campaign.fallidos],
    [s.figures.omitidos, campaign.omitidos],
  ];
  const { motivo_pausa: pause } = campaign;
  return (
    <Surface data-testid="progress-card">
      <Title order={2} size="h4" mb="sm">
        {s.progressTitle}
      </Title>
      <Stack gap="md">
        {pause && (
          <Alert
            color="yellow"
            role="note"
            icon={<IconClockPause aria-hidden />}
            title={capitalize(whyPaused(t, pause, me, formatTime))}
          >
            {Object.hasOwn(s.cures, pause.codigo)
              ? (s.cures as Readonly<Record<string, string>>)[pause.codigo]
              : s.cureAny}
          </Alert>
        )}
        <StandingNotice campaign={campaign} standing={standing} />
        <ProgressBar campaign={campaign} size="lg" />
        <SimpleGrid cols={{ base: 2, xs: 3, sm: 4, md: 7 }} component="dl" m={0}>
          {figures.map(([name, count]) => (
            <div key={name}>
              <Text component="dt" size="xs" c="dimmed">
                {name}
              </Text>
              <Text component="dd" m={0} fw={650} size="lg" data-figure={name}>
                {count.toLocaleString(t.locale)}
              </Text>
            </div>
          ))}
        </SimpleGrid>
        <RepliesList campaign={campaign} />
        {campaign.omitidos > 0 && (
          <Text size="sm" c="dimmed">
            {s.skipped(campaign.omitidos, campaign.omitidos.toLocaleString(t.locale))}{' '}
            <Anchor component={Link} size="sm" to={ROUTES.optOuts}>
              {t.optOuts.title}
            </Anchor>
          </Text>
        )}
        {campaign.previsto_inicio && campaign.previsto_fin && (
          <Text size="sm" data-testid="plan">
            {(campaign.simulacion === true ? s.planned : s.went)(
              formatTime(campaign.previsto_inicio),
              formatTime(campaign.previsto_fin),
            )}
          </Text>
        )}
        {campaign.por_dia.length > 0 && (
          <Suspense fallback={<ScreenLoading />}>
            <Chart days={campaign.por_dia} />
          </Suspense>
        )}
        {campaign.fallas.length > 0 && (
          <div>
            <Title order={3} size="h6">
              {s.failures}
            </Title>
            <ul style={{ margin: '4px 0 0', paddingInlineStart: 20 }}>
              {campaign.fallas.map(({ codigo, cantidad }) => (
                <li key={codigo}>
                  <Text size="sm" span>
                    {s.failure(cantidad.toLocaleString(t.locale), causeText(t, codigo))}
                  </Text>
                </li>
              ))}
            </ul>
          </div>
        )}
      </Stack>
    </Surface>
  );
}
