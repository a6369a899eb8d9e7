import { Button, Group, NumberInput, Stack, Text, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';

import { useText } from '../i18n/I18nProvider';
import { ActionError } from '../ui/ActionError';
import { MessageEditor } from './MessageEditor';
import { mistakeIn } from '../lib/template';
import type { Campaign, CampaignRequest } from './types';
import { pauseProblem, templateMistakeOfError } from './words';

interface Props {
  campaign: Campaign;
  pending: boolean;
  error: Error | null;
  onSubmit: (body: Partial<CampaignRequest>) => void;
  onCancel: () => void;
}

const seconds = (value: string | number): number | '' => (value === '' ? '' : Number(value));

/** The form for a campaign's name, text and pace. For a draft the text has a separate step. */
export function CampaignForm({ campaign, pending, error, onSubmit, onCancel }: Props) {
  const t = useText();
  const f = t.campaigns.form;
  const [nombre, setNombre] = useState(campaign.nombre);
  const [mensaje, setMensaje] = useState(campaign.mensaje);
  const [least, setLeast] = useState<number | ''>(campaign.pausa_min_s);
  const [most, setMost] = useState<number | ''>(campaign.pausa_max_s);
  const [tried, setTried] = useState(false);
  // The text of the last request: the hub's refusal does not apply to other texts.
  const [sent, setSent] = useState('');
  const withText = campaign.estado !== 'pendiente';
  const pause = pauseProblem(least, most);
  const problems = {
    nombre: nombre.trim() === '' ? f.nameEmpty : null,
    mensaje: withText && mensaje.trim() === '' ? f.textEmpty : null,
    pausa: pause === null ? null : f.pauseProblems[pause],
  };
  const refusal = error && sent === mensaje ? error : null;
  const inEditor = templateMistakeOfError(refusal) !== null;

  function send(event: FormEvent) {
    event.preventDefault();
    setTried(true);
    if (Object.values(problems).some((problem) => problem !== null)) return;
    if (withText && mistakeIn(mensaje, campaign.columnas) !== null) return;
    setSent(mensaje);
    onSubmit({
      nombre: nombre.trim(),
      ...(withText ? { mensaje } : {}),
      pausa_min_s: Number(least),
      pausa_max_s: Number(most),
    });
  }

  return (
    <form onSubmit={send} noValidate>
      <Stack gap="md">
        <TextInput
          label={f.name}
          required
          maxLength={200}
          value={nombre}
          error={tried && problems.nombre}
          onChange={(event) => setNombre(event.currentTarget.value)}
        />
        {withText && (
          <MessageEditor
            value={mensaje}
            onChange={setMensaje}
            campaign={campaign}
            problem={tried ? problems.mensaje : null}
            refusal={refusal}
          />
        )}
        <Group grow align="flex-start">
          <NumberInput
            label={f.pauseLeast}
            suffix=" s"
            min={0}
            max={86_400}
            allowDecimal={false}
            value={least}
            error={tried && problems.pausa}
            onChange={(value) => setLeast(seconds(value))}
          />
          <NumberInput
            label={f.pauseMost}
            suffix=" s"
            min={0}
            max={86_400}
            allowDecimal={false}
            value={most}
            onChange={(value) => setMost(seconds(value))}
          />
        </Group>
        <Text size="xs" c="dimmed">
          {f.pauseHint}
        </Text>
        <ActionError error={inEditor ? null : refusal} />
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onCancel}>
            {t.app.cancel}
          </Button>
          <Button type="submit" loading={pending}>
            {f.save}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
