import { Button, Group, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { IconCopy, IconPencil, IconPlayerPause, IconPlayerPlay, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { useLocation } from 'wouter';

import { useSeesAll } from '../auth/AuthProvider';
import { useText } from '../i18n/I18nProvider';
import { ActionError } from '../ui/ActionError';
import { Dialog } from '../ui/Dialog';
import {
  copyCampaign,
  deleteCampaign,
  editCampaign,
  moveCampaign,
  useCampaignChange,
} from './api';
import { CampaignForm } from './CampaignForm';
import type { Campaign, CampaignRequest } from './types';

type ActionKind = 'edit' | 'pause' | 'resume' | 'copy' | 'remove';

/** The actions that the campaign's state allows, each with a confirmation. */
export function Actions({ campaign }: { campaign: Campaign }) {
  const t = useText();
  const s = t.campaigns.actions;
  const seesAll = useSeesAll();
  const [action, setAction] = useState<ActionKind>('edit');
  const [opened, setOpened] = useState(false);
  const ask = (what: ActionKind) => () => {
    setAction(what);
    setOpened(true);
  };
  const close = () => setOpened(false);
  const { estado } = campaign;
  const small = { size: 'sm', variant: 'default' } as const;
  return (
    <>
      {estado === 'pausada' && seesAll && (
        <Button
          size="sm"
          leftSection={<IconPlayerPlay size={16} aria-hidden />}
          onClick={ask('resume')}
        >
          {s.resume}
        </Button>
      )}
      {estado === 'en_progreso' && (
        <Button
          {...small}
          leftSection={<IconPlayerPause size={16} aria-hidden />}
          onClick={ask('pause')}
        >
          {s.pause}
        </Button>
      )}
      {(estado === 'pendiente' || estado === 'pausada') && (
        <Button {...small} leftSection={<IconPencil size={16} aria-hidden />} onClick={ask('edit')}>
          {s.edit}
        </Button>
      )}
      <Button {...small} leftSection={<IconCopy size={16} aria-hidden />} onClick={ask('copy')}>
        {s.copy}
      </Button>
      {estado !== 'en_progreso' && (
        <Button {...small} leftSection={<IconTrash size={16} aria-hidden />} onClick={ask('remove')}>
          {s.remove}
        </Button>
      )}
      <Dialog
        opened={opened}
        title={s.titles[action]}
        size={action === 'edit' ? 'xl' : 'md'}
        onClose={close}
      >
        {action === 'edit' ? (
          <Edit campaign={campaign} onDone={close} />
        ) : (
          <Question key={action} campaign={campaign} action={action} onDone={close} />
        )}
      </Dialog>
    </>
  );
}

function Edit({ campaign, onDone }: { campaign: Campaign; onDone: () => void }) {
  const change = useCampaignChange(
    (body: Partial<CampaignRequest>) => editCampaign(campaign.id, body),
    onDone,
  );
  return (
    <CampaignForm
      campaign={campaign}
      pending={change.isPending}
      error={change.error}
      onSubmit={change.mutate}
      onCancel={onDone}
    />
  );
}

interface QuestionProps {
  campaign: Campaign;
  action: Exclude<ActionKind, 'edit'>;
  onDone: () => void;
}

function Question({ campaign, action, onDone }: QuestionProps) {
  const t = useText();
  const s = t.campaigns.actions;
  const [, navigate] = useLocation();
  const [words, setWords] = useState(action === 'copy' ? s.copyName(campaign.nombre) : '');
  const act = useCampaignChange<void, Campaign | null>(
    () => {
      switch (action) {
        case 'copy':
          return copyCampaign(campaign.id, words.trim());
        case 'remove':
          return deleteCampaign(campaign.id);
        default:
          return moveCampaign(campaign.id, action, words);
      }
    },
    (result) => {
      if (action === 'remove') navigate('/campanas');
      else if (action === 'copy' && result) navigate(`/campanas/${result.id}`);
      onDone();
    },
  );
  const text = {
    resume: campaign.simulacion === true ? s.resumeRehearsal : s.resumeReal,
    pause: s.pauseText,
    copy: s.copyText,
    remove: s.removeText,
  }[action];
  const confirm = {
    resume: s.resume,
    pause: s.pause,
    copy: s.copy,
    remove: s.remove,
  }[action];
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        act.mutate();
      }}
    >
      <Stack>
        <Text>{text}</Text>
        {action === 'pause' && (
          <Textarea
            label={s.reason}
            autosize
            minRows={2}
            maxLength={500}
            value={words}
            onChange={(event) => setWords(event.currentTarget.value)}
          />
        )}
        {action === 'copy' && (
          <TextInput
            label={t.campaigns.form.name}
            required
            maxLength={200}
            value={words}
            onChange={(event) => setWords(event.currentTarget.value)}
          />
        )}
        <ActionError error={act.error} />
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onDone} data-autofocus>
            {t.app.cancel}
          </Button>
          <Button
            type="submit"
            {...(action === 'remove' ? { color: 'red.9' } : {})}
            loading={act.isPending}
          >
            {confirm}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
