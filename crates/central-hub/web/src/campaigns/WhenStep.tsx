import { Anchor, Button, Group, Stack, Text } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { Link } from 'react-router';

import { useText } from '../i18n/I18nProvider';
import { ROUTES } from '../lib/routes';
import { useConfig } from '../live/queries';
import { createSchedule, editSchedule, SCHEDULES_KEY } from '../planning/api';
import { checkForm, newValues, requestOf, valuesOf, type FormValues } from '../planning/form';
import { ScheduleFields } from '../planning/ScheduleFields';
import type { Schedule } from '../planning/types';
import { ActionError } from '../ui/ActionError';
import { ScreenLoading } from '../ui/ScreenLoading';
import { useCampaignChange } from './api';
import type { Campaign } from './types';
import { useOwnSchedules } from './useStanding';

interface Props {
  campaign: Campaign;
  onDone: () => void;
}

/** The third step: days, hours and how many a day. */
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
  const [values, setValues] = useState<FormValues>(() =>
    schedule
      ? valuesOf(schedule)
      : {
          ...newValues(campaign.id),
          pausa_min_s: campaign.pausa_min_s,
          pausa_max_s: campaign.pausa_max_s,
        },
  );
  const [tried, setTried] = useState(false);
  const zone = useConfig().data?.zone ?? 'UTC';
  const problems = tried ? checkForm(values) : {};
  // An edit withdraws the approval: unchanged values are not sent.
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
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    setTried(true);
    if (Object.keys(checkForm(values)).length > 0) {
      const form = event.currentTarget;
      requestAnimationFrame(() => {
        form.querySelector<HTMLElement>('[aria-invalid="true"], [data-error="true"] input')?.focus();
      });
    } else if (changed) save.mutate();
    else onDone();
  }
  return (
    <form onSubmit={submit} noValidate data-testid="when-form">
      <Stack>
        <ScheduleFields
          values={values}
          set={(changes) => setValues((known) => ({ ...known, ...changes }))}
          problem={(field) => {
            const found = problems[field];
            return found && t.schedules.form.problems[found];
          }}
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
