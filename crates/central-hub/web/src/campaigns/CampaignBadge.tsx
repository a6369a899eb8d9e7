import { Badge, Group } from '@mantine/core';

import { useText } from '../i18n/I18nProvider';
import type { Standing } from './standing';
import type { Campaign, CampaignState } from './types';

const COLORS: Record<CampaignState, string> = {
  pendiente: 'gray',
  en_progreso: 'brand',
  pausada: 'yellow',
  finalizado: 'gray',
};

/** The campaign's state, and whether it is a dry run; "under way" only while it sends. */
export function CampaignBadge({ campaign, standing }: { campaign: Campaign; standing: Standing }) {
  const t = useText();
  const s = t.campaigns;
  const waits = standing.kind === 'waiting';
  const label = waits
    ? s.stateWaiting
    : standing.kind === 'testing'
      ? s.stateTesting
      : s.states[campaign.estado];
  return (
    <Group gap={6} wrap="nowrap">
      <Badge
        variant="light"
        tt="none"
        color={waits ? 'yellow' : COLORS[campaign.estado]}
        data-testid="campaign-state"
        style={{ flexShrink: 0 }}
      >
        {label}
      </Badge>
      {campaign.simulacion === true && (
        <Badge variant="light" tt="none" color="yellow" style={{ flexShrink: 0 }}>
          {s.rehearsal}
        </Badge>
      )}
    </Group>
  );
}
