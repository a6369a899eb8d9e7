import { Button, Chip, Group, Input } from '@mantine/core';
import { useId } from 'react';

import { useText } from '../i18n/I18nProvider';
import { WEEKDAYS, type Weekday } from './types';

interface Props {
  value: readonly Weekday[];
  onChange: (days: Weekday[]) => void;
  error: string | undefined;
}

/** Toggles for the days of the week, with presets. */
export function DaysField({ value, onChange, error }: Props) {
  const t = useText();
  const s = t.schedules;
  const label = useId();
  const inOrder = (days: readonly string[]) => WEEKDAYS.filter((day) => days.includes(day));
  return (
    <div role="group" aria-labelledby={label} data-error={error !== undefined}>
      <Group justify="space-between" gap="xs" mb={6}>
        <Input.Label component="span" id={label} required>
          {s.form.days}
        </Input.Label>
        <Group gap={6}>
          <Button size="compact-xs" variant="subtle" onClick={() => onChange(WEEKDAYS.slice(0, 5))}>
            {s.form.pickWorkdays}
          </Button>
          <Button size="compact-xs" variant="subtle" onClick={() => onChange([...WEEKDAYS])}>
            {s.form.pickAll}
          </Button>
        </Group>
      </Group>
      <Chip.Group multiple value={[...value]} onChange={(days) => onChange(inOrder(days))}>
        <Group gap={6}>
          {WEEKDAYS.map((day) => (
            <Chip key={day} value={day} size="sm" variant="light" aria-label={s.weekdays[day]}>
              {s.weekdaysShort[day]}
            </Chip>
          ))}
        </Group>
      </Chip.Group>
      {error && <Input.Error mt={6}>{error}</Input.Error>}
    </div>
  );
}
