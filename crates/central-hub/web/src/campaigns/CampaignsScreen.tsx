import { Anchor, Button, Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconPlus, IconSearch, IconSpeakerphone } from '@tabler/icons-react';
import { useState } from 'react';
import { Link, useSearchParams } from 'wouter';

import { useAuth } from '../auth/AuthProvider';
import { useText } from '../i18n/I18nProvider';
import { whyPaused } from '../i18n/lookup';
import { capitalize } from '../lib/capitalize';
import { useFormatTime } from '../live/useFormatTime';
import { DataTable, type Column } from '../ui/DataTable';
import { Empty } from '../ui/Empty';
import { PagedList } from '../ui/PagedList';
import { Screen } from '../ui/Screen';
import { Surface } from '../ui/Surface';
import { usePages } from '../ui/pages';
import { CAMPAIGNS_KEY, getCampaigns, useFollowCampaigns } from './api';
import { CampaignBadge } from './CampaignBadge';
import { ProgressBar } from './ProgressBar';
import { reasonText } from './reasonText';
import { standingOf } from './standing';
import { CAMPAIGN_STATES, type Campaign } from './types';
import { useSendingContext } from './useStanding';

/** The list of campaigns, newest first. The URL stores the filter. */
export default function CampaignsScreen() {
  const t = useText();
  const formatTime = useFormatTime();
  const { me } = useAuth();
  const s = t.campaigns;
  const [search, setSearch] = useSearchParams();
  const [words, setWords] = useState('');
  const [buscar] = useDebouncedValue(words.trim(), 250);
  const estado = CAMPAIGN_STATES.find((state) => state === search.get('estado')) ?? null;
  useFollowCampaigns();
  const context = useSendingContext();
  const standing = (campaign: Campaign) => standingOf(campaign, { ...context, schedules: null });
  const reasonsOf = (campaign: Campaign) => {
    const now = standing(campaign);
    return now.kind === 'waiting' ? now.reasons : [];
  };
  const pages = usePages<Campaign>({
    key: [...CAMPAIGNS_KEY, 'list', { estado, buscar }],
    fetch: (cursor, signal) => getCampaigns({ estado, buscar }, cursor, signal),
    everyMs: 30_000,
  });

  const columns: readonly Column<Campaign>[] = [
    {
      key: 'name',
      label: s.columns.name,
      cell: (campaign) => (
        <Stack gap={2}>
          <Anchor component={Link} to={`/campanas/${campaign.id}`} fw={600}>
            {campaign.nombre}
          </Anchor>
          {campaign.motivo_pausa && (
            <Text size="xs" c="dimmed">
              {capitalize(whyPaused(t, campaign.motivo_pausa, me, formatTime))}
            </Text>
          )}
          {reasonsOf(campaign).map((reason) => (
            <Text key={reason.kind} size="xs" c="dimmed">
              {reasonText(t, reason, formatTime)}
            </Text>
          ))}
        </Stack>
      ),
    },
    {
      key: 'state',
      label: s.columns.state,
      width: 180,
      cell: (campaign) => <CampaignBadge campaign={campaign} standing={standing(campaign)} />,
    },
    {
      key: 'progress',
      label: s.columns.progress,
      width: 240,
      cell: (campaign) => <ProgressBar campaign={campaign} />,
    },
    {
      key: 'created',
      label: s.columns.created,
      width: 170,
      cell: (campaign) => <Text size="sm">{formatTime(campaign.fecha)}</Text>,
    },
  ];

  const create = (
    <Button component={Link} to="/campanas/nueva" leftSection={<IconPlus size={18} aria-hidden />}>
      {s.create}
    </Button>
  );
  const narrowed = estado !== null || buscar !== '';
  return (
    <Screen title={s.title} lead={s.lead} actions={create}>
      <Surface>
        <Group gap="sm" mb="md">
          <TextInput
            aria-label={s.search}
            placeholder={s.search}
            leftSection={<IconSearch size={16} aria-hidden />}
            value={words}
            onChange={(event) => setWords(event.currentTarget.value)}
            style={{ flex: '1 1 200px' }}
          />
          <Select
            aria-label={s.filterState}
            w={200}
            allowDeselect={false}
            value={estado ?? ''}
            onChange={(next) => setSearch(next ? { estado: next } : {}, { replace: true })}
            data={[
              { value: '', label: s.allStates },
              ...CAMPAIGN_STATES.map((state) => ({ value: state, label: s.states[state] })),
            ]}
          />
        </Group>
        <PagedList
          pages={pages}
          empty={
            narrowed ? (
              <Empty icon={IconSearch} title={s.nothingFound} />
            ) : (
              <Empty icon={IconSpeakerphone} title={s.emptyTitle} text={s.emptyText}>
                {create}
              </Empty>
            )
          }
        >
          {(items) => (
            <DataTable
              label={s.list}
              columns={columns}
              items={items}
              rowKey={({ id }) => id}
              minWidth={760}
            />
          )}
        </PagedList>
      </Surface>
    </Screen>
  );
}
