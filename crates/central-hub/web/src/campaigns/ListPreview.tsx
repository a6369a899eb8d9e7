import { Button, Group, Loader, Progress, Select, SimpleGrid, Stack, Text } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';

import { ApiError } from '../api/http';
import { upload } from '../api/upload';
import { useText } from '../i18n/I18nProvider';
import { lineFaultText } from '../i18n/lookup';
import { formatPhone } from '../lib/phone';
import { ActionError } from '../ui/ActionError';
import { DataTable, type Column } from '../ui/DataTable';
import { Dialog } from '../ui/Dialog';
import { Notice } from '../ui/Notice';
import { uploadPath, type ListOptions } from './api';
import type { ImportReport, ListTrial, RefusedLine, TrialRow } from './types';

/** Number of rows and of problems displayed; the hub returns up to twenty of each. */
const MAX_ROWS = 5;
const ENCODINGS = ['utf-8', 'windows-1252', 'cp850', 'macintosh'] as const;
const SEPARATORS = [';', ',', 'tab', '|'] as const;

interface Props {
  campaign: number;
  file: File;
  prefijo: string;
  onDone: (report: ImportReport) => void;
  /** Called if the import fails, possibly after a part was stored. */
  onError: (error: Error) => void;
  onClose: () => void;
}

/** Previews an import and its options before anything is stored. */
export function ListPreview({ campaign, file, prefijo, onDone, onError, onClose }: Props) {
  const t = useText();
  const s = t.campaigns.lists.preview;
  const [options, setOptions] = useState<ListOptions>({});
  const [trial, setTrial] = useState<ListTrial | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const [looking, setLooking] = useState(true);
  const [part, setPart] = useState<number | null>(null);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);

  useEffect(() => {
    const stop = new AbortController();
    setLooking(true);
    const path = uploadPath(campaign, prefijo, { ...options, probar: '1' });
    upload<ListTrial>(path, { file, onProgress: () => undefined, signal: stop.signal })
      .then((found) => {
        setTrial(found);
        setError(null);
      })
      .catch((cause: unknown) => {
        if (!stop.signal.aborted) setError(cause as Error);
      })
      .finally(() => {
        if (!stop.signal.aborted) setLooking(false);
      });
    return () => stop.abort();
  }, [campaign, file, prefijo, options]);

  async function add() {
    const stop = new AbortController();
    running.current = stop;
    setPart(0);
    try {
      const path = uploadPath(campaign, prefijo, { ...options, archivo: file.name });
      onDone(await upload<ImportReport>(path, { file, onProgress: setPart, signal: stop.signal }));
    } catch (cause) {
      if (!stop.signal.aborted) onError(cause as Error);
    } finally {
      running.current = null;
    }
  }

  const choose = (change: ListOptions) => setOptions((before) => ({ ...before, ...change }));
  const fine = error === null ? trial : null;
  const listedTitles = namesOf(error, 'titulos');
  const titles = listedTitles.length > 0 ? listedTitles : (trial?.titulos ?? []);
  const unknownSheet = namesOf(error, 'hojas');
  const sheets = unknownSheet.length > 0 ? unknownSheet : (trial?.hojas ?? []);
  const ready = fine !== null && !looking && part === null;
  return (
    <Dialog opened title={s.title(file.name)} size="xl" onClose={onClose}>
      <Stack gap="md" data-testid="list-preview">
        {titles.length + sheets.length > 0 && (
          <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
            <Choice
              label={s.column}
              value={options.columna ?? fine?.columnas_de_numero[0] ?? null}
              values={titles}
              onChange={(columna) => choose({ columna })}
            />
            <Choice
              label={s.name}
              value={options.nombre ?? fine?.columna_de_nombre ?? null}
              values={titles}
              onChange={(nombre) => choose({ nombre })}
            />
            {sheets.length > (trial ? 1 : 0) && (
              <Choice
                label={s.sheet}
                value={options.hoja ?? trial?.hoja ?? null}
                values={sheets}
                onChange={(hoja) => choose({ hoja, columna: undefined, nombre: undefined })}
              />
            )}
            {trial?.separador != null && (
              <Select
                label={s.separator}
                value={options.separador ?? (trial.separador === '\t' ? 'tab' : trial.separador)}
                data={SEPARATORS.map((value) => ({ value, label: s.separators[value] }))}
                allowDeselect={false}
                onChange={(separador) =>
                  choose({ separador: separador ?? undefined, columna: undefined, nombre: undefined })
                }
              />
            )}
            {!trial?.hoja && (
              <Select
                label={s.encoding}
                value={options.codificacion ?? ''}
                data={[
                  { value: '', label: s.encodings.auto },
                  ...ENCODINGS.map((value) => ({ value, label: s.encodings[value] })),
                ]}
                allowDeselect={false}
                onChange={(codificacion) => choose({ codificacion: codificacion || undefined })}
              />
            )}
          </SimpleGrid>
        )}
        <div role="status" aria-live="polite">
          {looking ? (
            <Group gap="xs">
              <Loader size="xs" />
              <Text size="sm">{s.looking}</Text>
            </Group>
          ) : (
            fine && (
              <Text size="sm" fw={600}>
                {s.counts(fine.aceptados, fine.duplicados, fine.rechazados)}
              </Text>
            )
          )}
        </div>
        <ActionError error={error} />
        {fine && fine.aceptados + fine.duplicados + fine.rechazados === 0 && (
          <Notice color="yellow" title={t.campaigns.lists.nobody} />
        )}
        {fine && fine.de_otro_pais > 0 && (
          <Notice color="yellow" title={s.otherCountry(fine.de_otro_pais)}>
            {s.otherCountryText(fine.lineas_de_otro_pais.slice(0, 10).join(', '))}
          </Notice>
        )}
        {fine && fine.primeros.length > 0 && (
          <DataTable
            label={s.first}
            columns={rowColumns(s, fine)}
            items={fine.primeros.slice(0, MAX_ROWS)}
            rowKey={({ linea }) => linea}
            minWidth={480}
          />
        )}
        {fine && fine.rechazos.length > 0 && (
          <DataTable
            label={t.campaigns.lists.refusedTitle}
            columns={refusedColumns(t)}
            items={fine.rechazos.slice(0, MAX_ROWS)}
            rowKey={({ linea }) => linea}
            minWidth={420}
          />
        )}
        {part !== null && (
          <div role="status" data-testid="upload-progress">
            <Text size="sm" mb={4}>
              {t.campaigns.lists.uploading(Math.round(part * 100))}
            </Text>
            <Progress value={part * 100} size="lg" aria-label={t.campaigns.lists.uploadingLabel} />
          </div>
        )}
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onClose}>
            {t.app.cancel}
          </Button>
          <Button disabled={!ready || fine.aceptados === 0} onClick={() => void add()}>
            {s.add(fine?.aceptados ?? 0)}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}

interface ChoiceProps {
  label: string;
  value: string | null;
  values: readonly string[];
  onChange: (value: string | undefined) => void;
}

/** A select of the list's headings or sheets; duplicates appear once. */
function Choice({ label, value, values, onChange }: ChoiceProps) {
  const t = useText();
  return (
    <Select
      label={label}
      placeholder={t.campaigns.lists.preview.none}
      value={value}
      data={[...new Set(values)].filter((value) => value.trim() !== '')}
      allowDeselect={false}
      onChange={(next) => onChange(next ?? undefined)}
    />
  );
}

type Words = ReturnType<typeof useText>;

function rowColumns(s: Words['campaigns']['lists']['preview'], trial: ListTrial): readonly Column<TrialRow>[] {
  // `columnas` has value key for each non-empty heading, in the same order.
  const titles = trial.titulos.filter((title) => /[\p{L}\p{N}]/u.test(title));
  const others = titles
    .map((title, at) => ({ title, key: trial.columnas[at] ?? '' }))
    .filter(({ title, key }) => !trial.columnas_de_numero.includes(title) && key !== 'nombre')
    .slice(0, 3);
  return [
    { key: 'line', label: s.line, width: 80, cell: ({ linea }) => linea },
    { key: 'number', label: s.number, cell: ({ numero }) => formatPhone(numero) },
    { key: 'name', label: s.person, cell: ({ datos }) => datos.nombre ?? '—' },
    ...others.map(
      ({ title, key }): Column<TrialRow> => ({
        key,
        label: title,
        cell: ({ datos }) => datos[key] ?? '',
      }),
    ),
  ];
}

function refusedColumns(t: Words): readonly Column<RefusedLine>[] {
  const s = t.campaigns.lists.refusedColumns;
  return [
    { key: 'line', label: s.line, width: 80, cell: ({ linea }) => linea },
    { key: 'value', label: s.value, cell: ({ valor }) => valor },
    { key: 'why', label: s.why, cell: ({ codigo, motivo }) => lineFaultText(t, codigo, motivo) },
  ];
}

/** Returns the choices that the error lists: headings (`titulos`) or sheets (`hojas`). */
function namesOf(error: Error | null, field: 'titulos' | 'hojas'): readonly string[] {
  const found = error instanceof ApiError ? error.details[field] : undefined;
  return Array.isArray(found) ? found.filter((name) => typeof name === 'string') : [];
}
