import { Button, Checkbox, Group, Stack, Textarea } from '@mantine/core';
import { IconAlertTriangle, IconInfoCircle } from '@tabler/icons-react';
import { useState } from 'react';

import { Notice } from '../ui/Notice';
import { useSeesAll } from '../auth/AuthProvider';
import { useText } from '../i18n/I18nProvider';
import { errorText } from '../i18n/lookup';
import { Facts } from '../ui/Facts';
import { useConfig } from '../live/queries';
import { createSchedule, editSchedule } from '../planning/api';
import { moveSchedule, useCampaign, useScheduleChange } from './api';
import { CampaignPicker } from './CampaignPicker';
import { newValues, requestOf, valuesOf } from '../planning/form';
import { ScheduleFields } from '../planning/ScheduleFields';
import type { CampaignChoice, Schedule } from '../planning/types';
import { useScheduleForm } from '../planning/useScheduleForm';
import { useScheduleToast } from './useScheduleToast';
import { nameOf } from './scheduleText';

interface Props {
  /** The schedule to edit; null creates one. */
  schedule: Schedule | null;
  /** The campaign of a new schedule, if known. */
  campaign: CampaignChoice | null;
  onDone: () => void;
  onCancel: () => void;
}

export function ScheduleForm({ schedule, campaign, onDone, onCancel }: Props) {
  const t = useText();
  const f = t.schedules.form;
  const seesAll = useSeesAll();
  const { values, set, problem, submit } = useScheduleForm(() =>
    schedule ? valuesOf(schedule) : newValues(campaign?.id),
  );
  const [approveToo, setApproveToo] = useState(seesAll && schedule === null);
  const say = useScheduleToast();
  const zone = useConfig().data?.zone ?? 'UTC';
  const save = useScheduleChange(async () => {
    const body = requestOf(values);
    const saved = await (schedule ? editSchedule(schedule.id, body) : createSchedule(body));
    return approveToo ? moveSchedule(saved.id, 'approve', '') : saved;
  }, () => {
    say(approveToo ? 'approve' : 'saved', null);
    onDone();
  });
  const chosen = useCampaign(values.campania_id);

  return (
    <form
      onSubmit={(event) => submit(event, () => save.mutate(undefined))}
      noValidate
      data-testid="schedule-form"
    >
      <Stack>
        {schedule ? (
          <Facts rows={[[f.campaign, nameOf(t, schedule)]]} />
        ) : (
          <CampaignPicker
            value={values.campania_id}
            first={campaign}
            onChange={(campania_id) => set({ campania_id })}
            error={problem('campania_id')}
          />
        )}
        <ScheduleFields
          values={values}
          set={set}
          problem={problem}
          people={chosen.data ? chosen.data.pendientes + chosen.data.en_cola : 0}
          zone={zone}
        />
        <Textarea
          label={f.comment}
          autosize
          minRows={2}
          maxRows={6}
          value={values.comentario}
          error={problem('comentario')}
          onChange={(event) => set({ comentario: event.currentTarget.value })}
        />
        {seesAll ? (
          <Checkbox
            label={f.approveToo}
            checked={approveToo}
            onChange={(event) => setApproveToo(event.currentTarget.checked)}
          />
        ) : null}
        {!approveToo && (
          <Notice
            color="yellow"
            icon={<IconInfoCircle aria-hidden />}
            title={schedule?.estado === 'aprobada' ? f.again : f.needsApproval}
          />
        )}
        {save.error && (
          <Notice color="red" icon={<IconAlertTriangle aria-hidden />} title={f.saving} urgent>
            {errorText(t, save.error)}
          </Notice>
        )}
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onCancel}>
            {t.app.cancel}
          </Button>
          <Button type="submit" loading={save.isPending}>
            {f.save}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
