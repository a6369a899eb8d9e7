import { Button, Group, Stack, Text, Textarea } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';

import { useText } from '../i18n/I18nProvider';
import { ActionError } from '../ui/ActionError';
import { deleteSchedule, moveSchedule, useScheduleChange } from './api';
import type { Schedule } from '../planning/types';
import { useScheduleToast } from './useScheduleToast';

const MAX_REASON_LENGTH = 500;

export type QuestionKind = 'reject' | 'pause' | 'remove';

interface Props {
  schedule: Schedule;
  question: QuestionKind;
  onDone: () => void;
  onBack: () => void;
}

/** The confirmation before a schedule is disabled, with an optional reason. */
export function Question({ schedule, question, onDone, onBack }: Props) {
  const t = useText();
  const s = t.schedules;
  const [reason, setReason] = useState('');
  const showToast = useScheduleToast();
  const initialFocus = useRef<HTMLTextAreaElement & HTMLButtonElement>(null);
  const act = useScheduleChange<void, unknown>(
    () =>
      question === 'remove' ? deleteSchedule(schedule.id) : moveSchedule(schedule.id, question, reason),
    () => {
      showToast(question === 'remove' ? 'removed' : question, schedule);
      onDone();
    },
  );
  // The focused element was unmounted with the previous view.
  useEffect(() => initialFocus.current?.focus(), []);
  const { text, confirm } = {
    reject: { text: s.rejectText, confirm: s.reject },
    pause: { text: s.pauseText, confirm: s.pause },
    remove: { text: s.removeText, confirm: s.remove },
  }[question];
  const danger = question !== 'pause';
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        act.mutate();
      }}
    >
      <Stack>
        <Text>{text}</Text>
        {question !== 'remove' && (
          <Textarea
            ref={initialFocus}
            label={s.reason}
            autosize
            minRows={2}
            maxRows={6}
            maxLength={MAX_REASON_LENGTH}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
        )}
        <ActionError error={act.error} />
        <Group justify="flex-end" gap="sm">
          <Button
            variant="default"
            onClick={onBack}
            {...(question === 'remove' ? { ref: initialFocus } : {})}
          >
            {t.app.cancel}
          </Button>
          <Button type="submit" {...(danger ? { color: 'red.9' } : {})} loading={act.isPending}>
            {confirm}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
