import { Button, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';

import { useText } from '../i18n/I18nProvider';
import { draftOf, keepDraft } from '../lib/drafts';
import { ActionError } from '../ui/ActionError';
import { editCampaign, useCampaignChange } from './api';
import { MessageEditor } from './MessageEditor';
import { mistakeIn } from '../lib/template';
import type { Campaign } from './types';
import { templateMistakeOfError } from './words';

/** Returns the storage key of a campaign's unsaved text. */
export const draftKey = (id: number): string => `campaign ${id}`;

/** The second step: the text. An unsaved text is stored in this browser. */
export function MessageStep({ campaign, onDone }: { campaign: Campaign; onDone: () => void }) {
  const t = useText();
  const s = t.campaigns;
  const [text, setText] = useState(() => draftOf(draftKey(campaign.id)) || campaign.mensaje);
  const [tried, setTried] = useState(false);
  // The text of the last request: the hub's refusal does not apply to other texts.
  const [sent, setSent] = useState('');
  const save = useCampaignChange(
    () => editCampaign(campaign.id, { mensaje: text }),
    () => {
      keepDraft(draftKey(campaign.id), '');
      onDone();
    },
  );
  const refusal = save.error && sent === text ? save.error : null;
  const inEditor = templateMistakeOfError(refusal) !== null;
  const empty = text.trim() === '';
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        setSent(text);
        if (!empty && mistakeIn(text, campaign.columnas) === null) save.mutate();
      }}
    >
      <Stack gap="md">
        <MessageEditor
          value={text}
          onChange={(next) => {
            setText(next);
            keepDraft(draftKey(campaign.id), next === campaign.mensaje ? '' : next);
          }}
          campaign={campaign}
          problem={tried && empty ? s.form.textEmpty : null}
          refusal={refusal}
        />
        <ActionError error={inEditor ? null : refusal} />
        <Group justify="flex-end" gap="sm">
          {text !== campaign.mensaje && (
            <Text size="sm" c="dimmed">
              {s.steps.unsaved}
            </Text>
          )}
          <Button type="submit" loading={save.isPending}>
            {s.steps.saveMessage}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
