import { Anchor, Button, Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';

import { useText } from '../i18n/I18nProvider';
import { formatPhone } from '../lib/phone';
import { useFormatTime } from '../live/useFormatTime';
import { ActionError } from '../ui/ActionError';
import { Card } from '../ui/Card';
import { useAction } from '../ui/useAction';
import { decidePossible, getPossible, OPT_OUTS_KEY } from './api';

/** Messages that contain an opt-out word, for a user to decide on. */
export function PossibleCard() {
  const s = useText().optOuts.possible;
  const formatTime = useFormatTime();
  const { data } = useQuery({
    queryKey: [...OPT_OUTS_KEY, 'possible'],
    queryFn: ({ signal }) => getPossible(signal),
    refetchInterval: 30_000,
  });
  const decide = useAction(OPT_OUTS_KEY, decidePossible);
  if (!data || data.total === 0) return null;
  return (
    <Card title={s.title} text={s.text}>
      <ActionError error={decide.error} />
      <Stack gap="md" data-testid="possible-opt-outs">
        {data.posibles.map(({ id, telefono, nombre, mensaje, fecha }) => (
          <div key={id}>
            <Anchor size="sm" component={Link} to={`/conversaciones/${telefono}`}>
              {nombre ?? formatPhone(telefono)}
            </Anchor>{' '}
            <Text size="sm" c="dimmed" span>
              {formatTime(fecha)}
            </Text>
            <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
              {mensaje}
            </Text>
            <Group gap="xs" mt={4}>
              <Button
                size="compact-sm"
                variant="default"
                disabled={decide.isPending}
                aria-label={s.optOutOf(nombre ?? formatPhone(telefono))}
                onClick={() => decide.mutate({ id, es_baja: true })}
              >
                {s.optOut}
              </Button>
              <Button
                size="compact-sm"
                variant="default"
                disabled={decide.isPending}
                aria-label={s.noneOf(nombre ?? formatPhone(telefono))}
                onClick={() => decide.mutate({ id, es_baja: false })}
              >
                {s.none}
              </Button>
            </Group>
          </div>
        ))}
      </Stack>
    </Card>
  );
}
