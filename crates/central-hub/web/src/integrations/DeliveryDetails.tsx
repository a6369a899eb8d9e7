import { Button, Code, Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { ScreenLoading } from '../ui/ScreenLoading';
import { useText } from '../i18n/I18nProvider';
import { useFormatTime } from '../live/useFormatTime';
import { ActionError } from '../ui/ActionError';
import { Facts, type Fact } from '../ui/Facts';
import { useAction } from '../ui/useAction';
import { deliveriesKey, getDelivery, replay } from './api';
import { failureText } from './failureText';

/** A delivery with its body and all attempts. */
export function DeliveryDetails({ webhook, id }: { webhook: number; id: number }) {
  const t = useText();
  const s = t.integrations;
  const formatTime = useFormatTime();
  const key = deliveriesKey(webhook);
  const { data, error } = useQuery({
    queryKey: [...key, 'one', id],
    queryFn: ({ signal }) => getDelivery(webhook, id, signal),
    staleTime: 0,
    refetchInterval: 5_000,
  });
  const again = useAction(key, () => replay(webhook, id));
  if (!data) return error ? <ActionError error={error} /> : <ScreenLoading />;
  const facts: Fact[] = [
    [s.state, s.deliveryStates[data.estado]],
    ['webhook-id', data.clave],
    ...(data.proximo_intento ? ([[s.nextTry, formatTime(data.proximo_intento)]] as Fact[]) : []),
  ];
  return (
    <Stack>
      <Facts rows={facts} />
      <div>
        <Text fw={600} size="sm" mb={4}>
          {s.body}
        </Text>
        <Code block tabIndex={0} style={{ maxHeight: 260, overflow: 'auto' }}>
          {JSON.stringify(data.cuerpo, null, 2)}
        </Code>
      </div>
      {data.historial.length > 0 && (
        <div>
          <Text fw={600} size="sm" mb={4}>
            {s.attempts}
          </Text>
          <Stack gap={4} component="ol" m={0} pl={20} data-testid="attempts">
            {data.historial.map((attempt, place) => (
              <Text size="sm" component="li" key={place}>
                {formatTime(attempt.fecha)}:{' '}
                {attempt.error
                  ? failureText(t, attempt.error, attempt.estado_http)
                  : s.answered(attempt.estado_http, attempt.duracion_ms)}
              </Text>
            ))}
          </Stack>
        </div>
      )}
      <ActionError error={again.error} />
      {data.estado !== 'pendiente' && (
        <Group justify="flex-end">
          <Button loading={again.isPending} onClick={() => again.mutate()}>
            {s.replay}
          </Button>
        </Group>
      )}
    </Stack>
  );
}
