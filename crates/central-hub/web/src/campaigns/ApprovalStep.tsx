import { Button, Group, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlayerPlay } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';

import { useSeesAll } from '../auth/AuthProvider';
import { useText } from '../i18n/I18nProvider';
import { draftOf } from '../lib/drafts';
import { useDryRun } from '../live/useDryRun';
import { SCHEDULES_KEY } from '../planning/api';
import { ActionError } from '../ui/ActionError';
import { ConfirmDialog } from '../ui/ConfirmDialog';
import { Notice } from '../ui/Notice';
import { approveCampaign, useCampaignChange } from './api';
import { draftKey } from './MessageStep';
import { Review } from './Review';
import type { CampaignStats } from './types';

/** The last step: what will be sent, to whom and when, and the approval. */
export function ApprovalStep({ campaign }: { campaign: CampaignStats }) {
  const t = useText();
  const s = t.campaigns;
  const seesAll = useSeesAll();
  const dryRun = useDryRun() === true;
  const queries = useQueryClient();
  const [asking, dialog] = useDisclosure(false);
  const approve = useCampaignChange(
    () => approveCampaign(campaign.id),
    () => {
      void queries.invalidateQueries({ queryKey: SCHEDULES_KEY });
      dialog.close();
    },
  );
  const reached = campaign.total - (campaign.revision?.pidieron_baja ?? 0);
  const people = s.people(reached, reached.toLocaleString(t.locale));
  const missing = [
    ...(campaign.total === 0 ? [s.steps.missingList] : []),
    ...(campaign.mensaje === '' ? [s.steps.missingMessage] : []),
    // A typed text that is not saved would not be sent.
    ...(draftOf(draftKey(campaign.id)) === '' ? [] : [s.steps.missingSave]),
  ];
  return (
    <Stack gap="md">
      {missing.length > 0 && (
        <Notice color="yellow" title={s.steps.missing}>
          <ul style={{ margin: 0, paddingInlineStart: 18 }} data-testid="missing">
            {missing.map((what) => (
              <li key={what}>{what}</li>
            ))}
          </ul>
        </Notice>
      )}
      {missing.length === 0 && <Review campaign={campaign} />}
      {seesAll ? (
        <>
          {!asking && <ActionError error={approve.error} />}
          <Group justify="flex-end" gap="sm">
            <Text size="sm" c="dimmed" style={{ flex: '1 1 220px' }}>
              {dryRun ? s.steps.rehearsal : s.steps.real}
            </Text>
            <Button
              leftSection={<IconPlayerPlay size={16} aria-hidden />}
              disabled={missing.length > 0 || reached === 0}
              loading={approve.isPending}
              // A dry run sends nothing, so it needs no confirmation.
              onClick={() => (dryRun ? approve.mutate() : dialog.open())}
            >
              {dryRun ? s.actions.approveRehearsal(people) : s.actions.confirmReal(people)}
            </Button>
          </Group>
          <ConfirmDialog
            opened={asking}
            title={s.actions.approveTitle}
            text={s.actions.approveReal(people)}
            confirm={s.actions.confirmReal(people)}
            pending={approve.isPending}
            error={approve.error}
            onConfirm={() => approve.mutate()}
            onClose={dialog.close}
          />
        </>
      ) : (
        <Text size="sm" c="dimmed">
          {s.steps.adminApproves}
        </Text>
      )}
    </Stack>
  );
}
