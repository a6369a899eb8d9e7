import { Anchor, Button, Group, Stack, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { Link } from 'wouter';

import { useText } from '../i18n/I18nProvider';
import { ROUTES } from '../lib/routes';
import { useConfig } from '../live/queries';
import { createSchedule, editSchedule, SCHEDULES_KEY } from '../planning/api';
import { newValues, requestOf, valuesOf } from '../planning/form';
import { ScheduleFields } from '../planning/ScheduleFields';
import type { Schedule } from '../planning/types';
import { useScheduleForm } from '../planning/useScheduleForm';
import { ActionError } from '../ui/ActionError';
import { ScreenLoading } from '../ui/ScreenLoading';
import { useCampaignChange } from './api';
import type { Campaign } from './types';
import { useOwnSchedules } from './useStanding';

interface Props {
  campaign: Campaign;
  onDone: () => void;
}

/** The third step: days, hours and daily quota. */
export function WhenStep({ campaign, onDone }: Props) {
  const t = useText();
  const { data, error } = useOwnSchedules(campaign.id);
  if (error) return <ActionError error={error} />;
  if (!data) return <ScreenLoading />;
  if (data.length > 1) {
    return (
      <Group justify="space-between" gap="sm">
        <Text size="sm">
          {t.campaigns.steps.severalSchedules(data.length)}{' '}
          <Anchor component={Link} size="sm" to={`${ROUTES.schedules}?campania=${campaign.id}`}>
            {t.campaigns.schedules}
          </Anchor>
        </Text>
        <Button onClick={onDone}>{t.campaigns.steps.toReview}</Button>
      </Group>
    );
  }
  return <When campaign={campaign} schedule={data[0] ?? null} onDone={onDone} />;
}

function When({ campaign, schedule, onDone }: Props & { schedule: Schedule | null }) {
  const t = useText();
  const queries = useQueryClient();
  const { values, set, problem, submit } = useScheduleForm(() =>
    schedule
      ? valuesOf(schedule)
      : {
          ...newValues(campaign.id),
          pausa_min_s: campaign.pausa_min_s,
          pausa_max_s: campaign.pausa_max_s,
        },
  );
  const zone = useConfig().data?.zone ?? 'UTC';
  // Any edit withdraws the approval, so unchanged values are not sent.
  const changed =
    schedule === null || JSON.stringify(values) !== JSON.stringify(valuesOf(schedule));
  const save = useCampaignChange(
    () =>
      schedule ? editSchedule(schedule.id, requestOf(values)) : createSchedule(requestOf(values)),
    () => {
      void queries.invalidateQueries({ queryKey: SCHEDULES_KEY });
      onDone();
    },
  );
  return (
    <form
      onSubmit={(event) => submit(event, () => (changed ? save.mutate() : onDone()))}
      noValidate
      data-testid="when-form"
    >
      <Stack>
        <ScheduleFields
          values={values}
          set={set}
          problem={problem}
          people={campaign.pendientes}
          zone={zone}
        />
        <ActionError error={save.error} />
        <Group justify="flex-end">
          <Button type="submit" loading={save.isPending}>
            {t.campaigns.steps.saveWhen}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
