import { SimpleGrid, Stack, Text, TextInput } from '@mantine/core';

import { useText } from '../i18n/I18nProvider';
import { DaysField } from './DaysField';
import { lengthOf, type FormValues } from './form';
import { PaceFields } from './PaceFields';

interface Props {
  values: FormValues;
  set: (changes: Partial<FormValues>) => void;
  problem: (field: keyof FormValues) => string | undefined;
  /** Number of the campaign's remaining recipients. */
  people: number;
  zone: string;
}

/** The fields of a schedule: days, hours, dates and pace. */
export function ScheduleFields({ values, set, problem, people, zone }: Props) {
  const f = useText().schedules.form;
  const text = (field: 'hora_inicio' | 'hora_fin' | 'fecha_inicio' | 'fecha_fin') => ({
    value: values[field],
    error: problem(field),
    onChange: (event: { currentTarget: { value: string } }) =>
      set({ [field]: event.currentTarget.value }),
  });
  return (
    <Stack>
      <DaysField
        value={values.dias_semana}
        onChange={(dias_semana) => set({ dias_semana })}
        error={problem('dias_semana')}
      />
      <div>
        <SimpleGrid cols={2} spacing="sm">
          <TextInput type="time" label={f.from} required {...text('hora_inicio')} />
          <TextInput type="time" label={f.until} required {...text('hora_fin')} />
        </SimpleGrid>
        {lengthOf(values)?.overMidnight && (
          <Text size="sm" c="dimmed" mt={4} role="status">
            {f.overMidnight}
          </Text>
        )}
      </div>
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        <TextInput type="date" label={f.first} description={f.datesHint} {...text('fecha_inicio')} />
        <TextInput type="date" label={f.last} description={f.datesHint} {...text('fecha_fin')} />
      </SimpleGrid>
      <PaceFields values={values} set={set} problem={problem} people={people} zone={zone} />
    </Stack>
  );
}
