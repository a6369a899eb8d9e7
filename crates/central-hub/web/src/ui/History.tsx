import { Stack, Text } from '@mantine/core';

import { useText } from '../i18n/I18nProvider';
import { causeText } from '../i18n/lookup';
import { useFormatTime } from '../live/useFormatTime';

interface Step {
  fecha: string;
  /** The new state. */
  a: string;
  causa: string;
  detalle?: string | null;
}

interface Props {
  title: string;
  steps: readonly Step[] | undefined;
  /** Labels of the states. */
  states: Readonly<Record<string, string>>;
}

/** The transitions of a message or a recipient; renders nothing without any. */
export function History({ title, steps = [], states }: Props) {
  const t = useText();
  const formatTime = useFormatTime();
  if (steps.length === 0) return null;
  return (
    <div>
      <Text fw={600} size="sm" mb={4}>
        {title}
      </Text>
      <Stack gap={4} component="ol" m={0} pl={20} data-testid="history">
        {steps.map((step, index) => (
          <Text size="sm" component="li" key={index}>
            {formatTime(step.fecha)}: {wordsOf(states[step.a] ?? step.a, causeText(t, step.causa))}
            {step.detalle && ` (${step.detalle})`}
          </Text>
        ))}
      </Stack>
    </div>
  );
}

/** Describes a state and its cause; only the state if both texts are equal. */
const wordsOf = (state: string, cause: string): string =>
  state === cause ? state : `${state} · ${cause}`;
