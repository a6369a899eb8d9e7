import { Button, Group, Progress, Stack, Text } from '@mantine/core';

import { useText } from '../i18n/I18nProvider';
import { formatPhone } from '../lib/phone';
import { ActionError } from '../ui/ActionError';
import { Card } from '../ui/Card';
import { toast } from '../ui/toast';
import { useCampaignChange } from './api';
import { beginCheck, skipMissing, useCheck } from './checks';
import type { Campaign } from './types';

/** The check, before anything is sent, of which recipients are on WhatsApp. */
export function CheckCard({ campaign }: { campaign: Campaign }) {
  const s = useText().campaigns.check;
  const { data, error } = useCheck(campaign.id);
  const begin = useCampaignChange(() => beginCheck(campaign.id));
  const skip = useCampaignChange(
    () => skipMissing(campaign.id),
    ({ omitidos }) => toast({ text: s.skipped(omitidos) }),
  );
  const total = data?.total ?? 0;
  const checked = total - (data?.pendientes ?? 0);
  return (
    <Card title={s.title} text={s.text}>
      <Stack gap="sm">
        <ActionError error={error ?? begin.error ?? skip.error} />
        {data && total > 0 && (
          <>
            <Progress
              value={(100 * checked) / total}
              aria-label={s.progress}
              aria-valuetext={s.done(checked, total)}
              animated={!data.terminado}
            />
            <Text size="sm" role="status">
              {s.done(checked, total)} · {s.found(data.con_whatsapp)} · {s.missing(data.sin_whatsapp)}
            </Text>
          </>
        )}
        {data && data.ejemplos.length > 0 && (
          <details>
            <summary>{s.which}</summary>
            <ul style={{ margin: 0 }}>
              {data.ejemplos.map(({ linea, telefono }) => (
                <li key={linea}>
                  <Text size="sm">{s.line(linea, formatPhone(telefono))}</Text>
                </li>
              ))}
            </ul>
          </details>
        )}
        <Group gap="sm">
          <Button
            variant="default"
            loading={begin.isPending}
            disabled={total > 0 && data?.terminado === false}
            onClick={() => begin.mutate(undefined)}
          >
            {total > 0 ? s.again : s.begin}
          </Button>
          {data && data.ejemplos.length > 0 && (
            <Button variant="default" loading={skip.isPending} onClick={() => skip.mutate(undefined)}>
              {s.skip}
            </Button>
          )}
        </Group>
      </Stack>
    </Card>
  );
}
