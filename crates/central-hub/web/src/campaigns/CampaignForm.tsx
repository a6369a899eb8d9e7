import { Button, Code, Group, NumberInput, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useRef, useState, type FormEvent } from 'react';

import { ApiError } from '../api/http';
import { useSeveralBusinesses } from '../auth/businesses';
import { useText } from '../i18n/I18nProvider';
import { templateFaultText } from '../i18n/lookup';
import { ActionError } from '../ui/ActionError';
import type { Campaign, CampaignRequest } from './types';
import { columnsOf, mistakeOf, pauseProblem } from './words';

interface Props {
  /** The campaign to edit; null creates one. */
  campaign: Campaign | null;
  submit: string;
  pending: boolean;
  error: Error | null;
  onSubmit: (body: CampaignRequest) => void;
  onCancel: () => void;
}

const seconds = (value: string | number): number | '' => (value === '' ? '' : Number(value));

/** The form for name, text and pace of a campaign. */
export function CampaignForm({ campaign, submit, pending, error, onSubmit, onCancel }: Props) {
  const t = useText();
  const f = t.campaigns.form;
  const several = useSeveralBusinesses();
  const [nombre, setNombre] = useState(campaign?.nombre ?? '');
  const [mensaje, setMensaje] = useState(campaign?.mensaje ?? '');
  const [columns, setColumns] = useState(campaign?.columnas.join(', ') ?? '');
  const [cliente, setCliente] = useState<number | ''>(campaign?.cliente_id ?? '');
  const [least, setLeast] = useState<number | ''>(campaign?.pausa_min_s ?? 30);
  const [most, setMost] = useState<number | ''>(campaign?.pausa_max_s ?? 90);
  const [tried, setTried] = useState(false);
  // The text of the hub's last template error; it does not apply to other
  // texts.
  const [sent, setSent] = useState('');
  const area = useRef<HTMLTextAreaElement>(null);

  const pause = pauseProblem(least, most);
  const problems = {
    nombre: nombre.trim() === '' ? f.nameEmpty : null,
    mensaje: mensaje.trim() === '' ? f.textEmpty : null,
    pausa: pause === null ? null : f.pauseProblems[pause],
  };
  const invalid =
    error instanceof ApiError && error.code === 'TEMPLATE_INVALID' && sent === mensaje
      ? error
      : null;
  const mistake = invalid && mistakeOf(mensaje, invalid.details);
  const textError =
    (tried && problems.mensaje) ||
    (invalid && templateFaultText(t, invalid));
  const missing =
    invalid?.details['motivo'] === 'TEMPLATE_UNKNOWN_VARIABLE' ? (mistake?.variable ?? null) : null;

  function send(event: FormEvent) {
    event.preventDefault();
    setTried(true);
    if (Object.values(problems).some((problem) => problem !== null)) return;
    setSent(mensaje);
    onSubmit({
      nombre: nombre.trim(),
      mensaje,
      columnas: columnsOf(columns),
      pausa_min_s: Number(least),
      pausa_max_s: Number(most),
      ...(several && cliente !== '' ? { cliente_id: cliente } : {}),
    });
  }

  function showMistake() {
    area.current?.focus();
    if (mistake) area.current?.setSelectionRange(mistake.start, mistake.end);
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
        <Textarea
          ref={area}
          label={f.text}
          description={f.textHint}
          required
          autosize
          minRows={4}
          maxRows={14}
          value={mensaje}
          error={textError}
          onChange={(event) => setMensaje(event.currentTarget.value)}
        />
        {mistake && (
          <Group gap="xs">
            <Code data-testid="mistake">{mensaje.slice(mistake.start, mistake.end)}</Code>
            <Button size="compact-sm" variant="default" onClick={showMistake}>
              {f.showMistake}
            </Button>
            {missing !== null && !columnsOf(columns).includes(missing) && (
              <Button
                size="compact-sm"
                variant="default"
                onClick={() => setColumns([...columnsOf(columns), missing].join(', '))}
              >
                {f.addColumn(missing)}
              </Button>
            )}
          </Group>
        )}
        <TextInput
          label={f.columns}
          description={f.columnsHint}
          value={columns}
          onChange={(event) => setColumns(event.currentTarget.value)}
        />
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
        {several && campaign === null && (
          <NumberInput
            label={f.business}
            description={f.businessHint}
            min={1}
            allowDecimal={false}
            value={cliente}
            onChange={(value) => setCliente(seconds(value))}
          />
        )}
        <ActionError error={invalid ? null : error} />
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onCancel}>
            {t.app.cancel}
          </Button>
          <Button type="submit" loading={pending}>
            {submit}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
