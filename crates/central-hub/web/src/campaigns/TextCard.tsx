import { Anchor, Group, Text, Title } from '@mantine/core';
import { Link } from 'wouter';

import { useText } from '../i18n/I18nProvider';
import { Surface } from '../ui/Surface';
import type { Campaign } from './types';

/** The campaign's text and pace. */
export function TextCard({ campaign }: { campaign: Campaign }) {
  const t = useText();
  const s = t.campaigns;
  return (
    <Surface>
      <Title order={2} size="h4" mb="xs">
        {s.text}
      </Title>
      <Text style={{ whiteSpace: 'pre-wrap' }} data-testid="campaign-text">
        {campaign.mensaje}
      </Text>
      <Group gap="md" mt="sm">
        <Text size="sm" c="dimmed">
          {s.pace(campaign.pausa_min_s, campaign.pausa_max_s)}
        </Text>
        <Anchor component={Link} size="sm" to={`/programacion?campania=${campaign.id}`}>
          {s.schedules}
        </Anchor>
      </Group>
    </Surface>
  );
}
