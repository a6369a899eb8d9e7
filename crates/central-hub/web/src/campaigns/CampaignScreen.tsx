import { Anchor, Stack, Text } from '@mantine/core';
import { Link } from 'wouter';

import { ApiError } from '../api/http';
import { useSeveralBusinesses } from '../auth/businesses';
import { Notice } from '../ui/Notice';
import { NotFound } from '../ui/NotFound';
import { ScreenLoading } from '../ui/ScreenLoading';
import { useText } from '../i18n/I18nProvider';
import { errorText } from '../i18n/lookup';
import { usePathParam } from '../lib/usePathParam';
import { Screen } from '../ui/Screen';
import { Actions } from './Actions';
import { useFollowCampaigns, useStats } from './api';
import { CampaignBadge } from './CampaignBadge';
import { CheckCard } from './CheckCard';
import { ListsCard } from './ListsCard';
import { ProgressCard } from './ProgressCard';
import { RecipientsCard } from './RecipientsCard';
import { SendForReal } from './SendForReal';
import { Steps } from './Steps';
import { TextCard } from './TextCard';
import type { CampaignStats } from './types';
import { useStanding } from './useStanding';

/** The screen of a campaign: text, recipients, progress and actions. */
export default function CampaignScreen() {
  const id = Number(usePathParam('id'));
  if (!Number.isSafeInteger(id) || id < 1) return <NotFound />;
  return <LoadCampaign key={id} id={id} />;
}

function LoadCampaign({ id }: { id: number }) {
  const t = useText();
  useFollowCampaigns();
  const { data: campaign, error } = useStats(id);
  if (error instanceof ApiError && error.status === 404) return <NotFound />;
  if (!campaign) {
    return (
      <Screen title={t.campaigns.one}>
        {error ? (
          <Notice color="red" title={t.campaigns.failed} urgent>
            {errorText(t, error)}
          </Notice>
        ) : (
          <ScreenLoading />
        )}
      </Screen>
    );
  }
  return <CampaignDetails campaign={campaign} error={error} />;
}

function CampaignDetails({ campaign, error }: { campaign: CampaignStats; error: Error | null }) {
  const t = useText();
  const standing = useStanding(campaign);
  const several = useSeveralBusinesses();
  return (
    <Screen
      title={campaign.nombre}
      lead={
        <Stack gap={6} align="flex-start" mt={4}>
          <CampaignBadge campaign={campaign} standing={standing} />
          <Text size="sm">
            <Anchor component={Link} to="/campanas">
              {t.campaigns.back}
            </Anchor>
            {several && campaign.cliente_id !== null && ` · ${t.campaigns.ofBusiness(campaign.cliente_id)}`}
          </Text>
        </Stack>
      }
      actions={
        <>
          <SendForReal campaign={campaign} />
          <Actions campaign={campaign} />
        </>
      }
    >
      {error && (
        <Notice color="red" title={t.campaigns.failed} urgent>
          {errorText(t, error)}
        </Notice>
      )}
      {campaign.estado === 'pendiente' ? (
        <Steps campaign={campaign} />
      ) : (
        <>
          <ProgressCard campaign={campaign} standing={standing} />
          <TextCard campaign={campaign} />
          {campaign.estado !== 'finalizado' && <ListsCard campaign={campaign} />}
        </>
      )}
      {campaign.total > 0 && ['pendiente', 'pausada'].includes(campaign.estado) && (
        <CheckCard campaign={campaign} />
      )}
      {campaign.total > 0 && <RecipientsCard campaign={campaign} />}
    </Screen>
  );
}
