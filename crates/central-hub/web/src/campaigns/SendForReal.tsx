import { Anchor, Button, Group, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconSend } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useLocation } from 'wouter';

import { useSeesAll } from '../auth/AuthProvider';
import { useText } from '../i18n/I18nProvider';
import { ROUTES } from '../lib/routes';
import { useDryRun } from '../live/useDryRun';
import { SCHEDULES_KEY } from '../planning/api';
import { ActionError } from '../ui/ActionError';
import { Dialog } from '../ui/Dialog';
import { Notice } from '../ui/Notice';
import { OperatorHelp } from '../ui/OperatorHelp';
import { approveCampaign, copyCampaign, useCampaignChange } from './api';
import type { Campaign, CampaignStats } from './types';
import { useOwnSchedules } from './useStanding';

/** Copies a finished dry run and approves the copy with its schedules, in one step. */
export function SendForReal({ campaign }: { campaign: CampaignStats }) {
  const t = useText();
  const s = t.campaigns.sendForReal;
  const seesAll = useSeesAll();
  const [opened, dialog] = useDisclosure(false);
  if (!seesAll || campaign.simulacion !== true || campaign.estado !== 'finalizado') return null;
  return (
    <>
      <Button size="sm" leftSection={<IconSend size={16} aria-hidden />} onClick={dialog.open}>
        {s.button}
      </Button>
      <Dialog opened={opened} title={s.title} onClose={dialog.close}>
        <Question campaign={campaign} onClose={dialog.close} />
      </Dialog>
    </>
  );
}

function Question({ campaign, onClose }: { campaign: CampaignStats; onClose: () => void }) {
  const t = useText();
  const s = t.campaigns.sendForReal;
  const [, navigate] = useLocation();
  const queries = useQueryClient();
  const dryRun = useDryRun() === true;
  const schedules = useOwnSchedules(campaign.id);
  const [helping, help] = useDisclosure(false);
  // If a later step fails, a retry reuses the copy.
  const [createdCopy, setCreatedCopy] = useState<Campaign | null>(null);
  const hasSchedules = (schedules.data?.length ?? 0) > 0;
  const send = useCampaignChange(
    async () => {
      const copy = createdCopy ?? (await copyCampaign(campaign.id, s.name(campaign.nombre).slice(0, 200)));
      setCreatedCopy(copy);
      // Without schedules the copy stays a draft, to which the user adds schedules.
      if (hasSchedules) await approveCampaign(copy.id);
      return copy;
    },
    (copy) => {
      void queries.invalidateQueries({ queryKey: SCHEDULES_KEY });
      onClose();
      navigate(`${ROUTES.campaigns}/${copy.id}`);
    },
  );
  const reached = campaign.total - (campaign.revision?.pidieron_baja ?? 0);
  const people = t.campaigns.people(reached, reached.toLocaleString(t.locale));
  return (
    <Stack>
      <Text>{s.text(people)}</Text>
      {!hasSchedules && schedules.data && <Notice color="yellow" title={s.noSchedule} />}
      {dryRun && (
        <Notice color="yellow" title={s.locked}>
          <Anchor component="button" type="button" size="sm" onClick={help.open}>
            {t.campaigns.ways.howTo}
          </Anchor>
        </Notice>
      )}
      {send.error && createdCopy && (
        <Text size="sm">
          {s.halfway(createdCopy.nombre)}{' '}
          <Anchor component={Link} to={`${ROUTES.campaigns}/${createdCopy.id}`}>
            {s.open}
          </Anchor>
        </Text>
      )}
      <ActionError error={send.error} />
      <Group justify="flex-end" gap="sm">
        <Button variant="default" onClick={onClose} data-autofocus>
          {t.app.cancel}
        </Button>
        <Button
          disabled={dryRun || reached === 0 || schedules.data === undefined}
          loading={send.isPending}
          onClick={() => send.mutate(undefined)}
        >
          {s.confirm(people)}
        </Button>
      </Group>
      <OperatorHelp opened={helping} onClose={help.close} />
    </Stack>
  );
}
