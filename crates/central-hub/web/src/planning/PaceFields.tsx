import { NumberInput, SimpleGrid, Text } from '@mantine/core';

import { useText } from '../i18n/I18nProvider';
import { endsText } from './endsText';
import { messagesThatFit, type FormValues } from './form';

interface Props {
  values: FormValues;
  set: (changes: Partial<FormValues>) => void;
  problem: (field: keyof FormValues) => string | undefined;
  /** Number of the campaign's remaining recipients. */
  people: number;
  zone: string;
}

/** The fields for daily quota and pause, and the resulting end. */
export function PaceFields({ values, set, problem, people, zone }: Props) {
  const t = useText();
  const f = t.schedules.form;
  const room = messagesThatFit(values);
  const ends = endsText(t, values, people, zone);
  const quota = Number(values.cupo_diario);
  const field = (name: 'cupo_diario' | 'pausa_min_s' | 'pausa_max_s') => ({
    value: values[name],
    error: problem(name),
    onChange: (value: number | string) => set({ [name]: value }),
    allowDecimal: false,
    allowNegative: false,
    hideControls: true,
    required: true,
    inputMode: 'numeric' as const,
  });
  return (
    <div>
      <NumberInput label={f.quota} description={f.quotaHint} maw={240} {...field('cupo_diario')} />
      {ends && (
        <Text size="sm" fw={600} mt={4} role="status" data-testid="ends">
          {ends}
        </Text>
      )}
      {room !== null && (
        <Text size="sm" c="dimmed" role="status" data-testid="fits">
          {room < quota ? f.fitsLess(room, quota) : f.fits(room)}
        </Text>
      )}
      <details
        style={{ marginBlockStart: 8 }}
        {...(problem('pausa_min_s') || problem('pausa_max_s') ? { open: true } : {})}
      >
        <summary>{f.advanced}</summary>
        <SimpleGrid cols={2} spacing="sm" mt={6} maw={500}>
          <NumberInput label={f.pauseMin} {...field('pausa_min_s')} />
          <NumberInput label={f.pauseMax} {...field('pausa_max_s')} />
        </SimpleGrid>
        <Text size="sm" c="dimmed" mt={6}>
          {f.pauseHint}
        </Text>
      </details>
    </div>
  );
}
