import { Button, Group, SegmentedControl, Select, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { useSearchParams } from 'wouter';

import { useConfig } from '../live/queries';
import { ScreenLoading } from '../ui/ScreenLoading';
import { useText } from '../i18n/I18nProvider';
import { cityOf, isDay } from '../lib/days';
import { Screen } from '../ui/Screen';
import { Surface } from '../ui/Surface';
import { useCampaign } from './api';
import { ListView } from './ListView';
import { ScheduleDialog, type Content } from './ScheduleDialog';
import { SCHEDULE_STATES, type Schedule, type ScheduleState } from '../planning/types';
import { WeekView } from './WeekView';

type View = 'week' | 'list';

/** The schedules screen. The URL stores the view and filter. */
export default function SchedulesScreen() {
  const t = useText();
  const s = t.schedules;
  const config = useConfig();
  const [search, setSearch] = useSearchParams();
  const [opened, dialog] = useDisclosure(false);
  // Kept after closing, so that the dialog's text stays while it fades out.
  const [content, setContent] = useState<Content>({ what: 'create' });

  const view: View = search.get('vista') === 'lista' ? 'list' : 'week';
  const estado = SCHEDULE_STATES.find((state) => state === search.get('estado')) ?? null;
  const weekParam = search.get('semana') ?? '';
  const number = Number(search.get('campania'));
  const campaign = Number.isSafeInteger(number) && number > 0 ? number : null;
  const zone = config.data?.zone;
  const filter = { estado, campania_id: campaign };
  const filteredCampaign = useCampaign(campaign);

  function setParams(changes: Record<string, string | null>) {
    const next = new URLSearchParams(search);
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) next.delete(name);
      else next.set(name, value);
    }
    setSearch(next, { replace: true });
  }
  function open(next: Content) {
    setContent(next);
    dialog.open();
  }
  const show = (schedule: Schedule) => open({ what: 'detail', schedule });

  return (
    <Screen
      title={s.title}
      lead={zone && s.lead(cityOf(zone))}
      actions={
        <Button
          leftSection={<IconPlus size={18} aria-hidden />}
          onClick={() => open({ what: 'create' })}
        >
          {s.create}
        </Button>
      }
    >
      <Surface>
        {campaign !== null && (
          <Group gap="sm" mb="md">
            <Text size="sm" fw={600}>
              {s.onlyCampaign(filteredCampaign.data?.nombre ?? s.unnamed(campaign))}
            </Text>
            <Button size="compact-sm" variant="default" onClick={() => setParams({ campania: null })}>
              {s.allCampaigns}
            </Button>
          </Group>
        )}
        <Group justify="space-between" gap="sm" mb="md">
          <SegmentedControl<View>
            aria-label={s.view}
            value={view}
            onChange={(next) => setParams({ vista: next === 'list' ? 'lista' : null })}
            data={[
              { value: 'week', label: s.views.week },
              { value: 'list', label: s.views.list },
            ]}
          />
          <Select
            aria-label={s.filterState}
            w={210}
            allowDeselect={false}
            value={estado ?? ''}
            onChange={(next) => setParams({ estado: next || null })}
            data={[
              { value: '', label: s.allStates },
              ...SCHEDULE_STATES.map((state: ScheduleState) => ({
                value: state,
                label: s.states[state],
              })),
            ]}
          />
        </Group>
        {view === 'list' && <ListView filter={filter} onOpen={show} />}
        {view === 'week' && !zone && <ScreenLoading />}
        {view === 'week' && zone && (
          <WeekView
            zone={zone}
            filter={filter}
            week={isDay(weekParam) ? weekParam : null}
            onWeek={(first) => setParams({ semana: first })}
            onOpen={show}
          />
        )}
      </Surface>
      <ScheduleDialog
        opened={opened}
        content={content}
        campaign={filteredCampaign.data ?? null}
        onContent={setContent}
        onClose={dialog.close}
      />
    </Screen>
  );
}
