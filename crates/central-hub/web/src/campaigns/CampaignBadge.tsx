import { Badge, Group } from '@mantine/core';

import { useText } from '../i18n/I18nProvider';
import type { Campaign, CampaignState } from './types';

const COLORS: Record<CampaignState, string> = {
  pendiente: 'gray',
  en_progreso: 'brand',
  pausada: 'yellow',
  finalizado: 'gray',
};

/** Its state, and whether it is a rehearsal. */
export function CampaignBadge({ campaign }: { campaign: Campaign }) {
  const t = useText();
  return (
    <Group gap={6} wrap="nowrap">
      <Badge
        variant="light"
        tt="none"
        color={COLORS[campaign.estado]}
        data-testid="campaign-state"
        style={{ flexShrink: 0 }}
      >
        {t.campaigns.states[campaign.estado]}
      </Badge>
      {campaign.simulacion === true && (
        <Badge variant="light" tt="none" color="yellow" style={{ flexShrink: 0 }}>
          {t.campaigns.rehearsal}
        </Badge>
      )}
    </Group>
  );
}
