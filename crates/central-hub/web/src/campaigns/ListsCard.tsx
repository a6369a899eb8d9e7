import {
  Anchor,
  Button,
  FileButton,
  Group,
  Select,
  Stack,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { IconCheck, IconInfoCircle, IconUpload } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';

import { Notice } from '../ui/Notice';
import { useText } from '../i18n/I18nProvider';
import { listFaultText } from '../i18n/lookup';
import { saveText } from '../lib/spreadsheet';
import { useFormatTime } from '../live/useFormatTime';
import { ActionError } from '../ui/ActionError';
import { ConfirmDialog } from '../ui/ConfirmDialog';
import { DataTable, type Column } from '../ui/DataTable';
import { CAMPAIGNS_KEY, deleteImport, useCampaignChange, useImports } from './api';
import { Surface } from '../ui/Surface';
import { ListPreview } from './ListPreview';
import { Refused } from './Refused';
import type { Campaign, Import, ImportReport } from './types';

/** The prefix to add to numbers without one, by country. */
const PREFIXES = {
  none: '',
  argentina: '549',
  uruguay: '598',
  chile: '56',
  paraguay: '595',
  other: '',
} as const;

type Country = keyof typeof PREFIXES;

const COUNTRIES = Object.keys(PREFIXES) as Country[];

/** The lists of an approved campaign; a draft has a separate step for them. */
export function ListsCard({ campaign }: { campaign: Campaign }) {
  const t = useText();
  const imports = useImports(campaign.id);
  // The copy of a campaign has recipients but no lists.
  if (campaign.estado === 'en_progreso' && imports.data?.importaciones.length === 0) return null;
  return (
    <Surface data-testid="lists-card">
      <Title order={2} size="h4" mb="xs">
        {t.campaigns.lists.title}
      </Title>
      <ListPanel campaign={campaign} />
    </Surface>
  );
}

/** File types that cannot contain a list of recipients. */
const NO_LIST = /^(image|audio|video)\/|\/(pdf|msword|zip)$|wordprocessingml|presentationml/;

interface PanelProps {
  campaign: Campaign;
  /** Goes to the next step; available once there are recipients. */
  onNext?: () => void;
}

/** The imported lists, and the upload of another one. */
export function ListPanel({ campaign, onNext }: PanelProps) {
  const t = useText();
  const s = t.campaigns.lists;
  const queries = useQueryClient();
  const imports = useImports(campaign.id);
  const [country, setCountry] = useState<Country>('none');
  const [prefijo, setPrefijo] = useState('');
  const result = useRef<HTMLDivElement>(null);
  const [selectedFile, setSelectedFile] = useState<File | null>(null);
  const [report, setReport] = useState<ImportReport | null>(null);
  const [error, setError] = useState<Error | null>(null);
  // The result appears below the button, possibly outside the window.
  const settled = report !== null || error !== null;
  useEffect(() => {
    if (settled) result.current?.scrollIntoView({ block: 'nearest' });
  }, [settled]);

  function selectFile(file: File | null) {
    // The browser's dialog also offers these files under "All files".
    const isNoList = file !== null && NO_LIST.test(file.type);
    setError(isNoList ? new Error(s.notAList(file.name)) : null);
    setReport(null);
    setSelectedFile(isNoList ? null : file);
  }

  function end(report: ImportReport | null, error: Error | null) {
    setReport(report);
    setError(error);
    setSelectedFile(null);
    void queries.invalidateQueries({ queryKey: CAMPAIGNS_KEY });
  }

  const lists = imports.data?.importaciones ?? [];
  const editable = campaign.estado !== 'en_progreso';
  return (
    <Stack gap="md">
      {editable && (
        <Text size="sm" c="dimmed">
          {s.text}{' '}
          <Anchor
            component="button"
            type="button"
            size="sm"
            onClick={() => saveText(s.exampleName, s.exampleText)}
          >
            {s.example}
          </Anchor>
        </Text>
      )}
      {editable && (
        <Group align="flex-end" gap="sm">
          <Select
            label={s.prefix}
            description={s.prefixHint}
            allowDeselect={false}
            value={country}
            onChange={(next) => setCountry(COUNTRIES.find((one) => one === next) ?? 'none')}
            data={COUNTRIES.map((value) => ({ value, label: s.countries[value] }))}
            style={{ flex: '0 1 260px' }}
          />
          {country === 'other' && (
            <TextInput
              label={s.otherPrefix}
              inputMode="numeric"
              maxLength={6}
              value={prefijo}
              onChange={(event) => setPrefijo(event.currentTarget.value)}
              style={{ flex: '0 1 180px' }}
            />
          )}
          <FileButton
            onChange={selectFile}
            accept=".csv,.txt,.tsv,.xlsx,.ods,.json,.jsonl,text/csv,application/json"
            inputProps={{ 'aria-label': s.upload }}
          >
            {(props) => (
              <Button {...props} leftSection={<IconUpload size={16} aria-hidden />}>
                {s.upload}
              </Button>
            )}
          </FileButton>
        </Group>
      )}
      {selectedFile && (
        <ListPreview
          campaign={campaign.id}
          file={selectedFile}
          prefijo={country === 'other' ? prefijo.trim() : PREFIXES[country]}
          onDone={(report) => end(report, null)}
          onError={(error) => end(null, error)}
          onClose={() => end(null, null)}
        />
      )}
      <div ref={result} style={{ scrollMarginBlock: 100 }}>
        <ActionError error={error} />
        {report && (
          <Notice
            color={report.rechazados > 0 || report.aceptados === 0 ? 'yellow' : 'brand'}
            icon={
              report.aceptados === 0 ? <IconInfoCircle aria-hidden /> : <IconCheck aria-hidden />
            }
            title={s.taken(report.aceptados, report.aceptados.toLocaleString(t.locale))}
            urgent
          >
            {report.duplicados + report.rechazados > 0
              ? s.notTaken(report.duplicados, report.rechazados)
              : s.allTaken}
          </Notice>
        )}
      </div>
      {lists.length > 0 && <Lists campaign={campaign} imports={lists} editable={editable} />}
      {onNext && campaign.total > 0 && (
        <Group justify="flex-end">
          <Button onClick={onNext}>{t.campaigns.steps.toMessage}</Button>
        </Group>
      )}
    </Stack>
  );
}

interface ListsProps {
  campaign: Campaign;
  imports: readonly Import[];
  editable: boolean;
}

function Lists({ campaign, imports, editable }: ListsProps) {
  const t = useText();
  const formatTime = useFormatTime();
  const s = t.campaigns.lists;
  const [openList, setOpenList] = useState<number | null>(null);
  const detailedList = imports.find(({ id }) => id === openList);
  const [removing, setRemoving] = useState<number | null>(null);
  const remove = useCampaignChange(
    (number: number) => deleteImport(campaign.id, number),
    () => setRemoving(null),
  );
  const states: Readonly<Record<string, string>> = s.states;
  const columns: readonly Column<Import>[] = [
    {
      key: 'when',
      label: s.columns.list,
      cell: ({ archivo, fecha }) => (
        <>
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            {archivo ?? formatTime(fecha)}
          </Text>
          {archivo !== null && (
            <Text size="xs" c="dimmed">
              {formatTime(fecha)}
            </Text>
          )}
        </>
      ),
    },
    {
      key: 'state',
      label: s.columns.state,
      cell: (one) => (
        <>
          {states[one.estado] ?? one.estado}
          {one.error && (
            <Text size="xs" c="dimmed">
              {listFaultText(t, one.error, one.detalle ?? one.error)}
            </Text>
          )}
        </>
      ),
    },
    ...(
      [
        ['aceptados', s.columns.accepted],
        ['duplicados', s.columns.duplicates],
        ['rechazados', s.columns.refused],
      ] as const
    ).map(
      ([name, label]): Column<Import> => ({
        key: name,
        label,
        align: 'end',
        cell: (one) => one[name].toLocaleString(t.locale),
      }),
    ),
    {
      key: 'actions',
      label: s.columns.actions,
      cell: (one) => (
        <Group gap={6} wrap="nowrap">
          {one.rechazados > 0 && (
            <Button
              size="compact-sm"
              variant="default"
              aria-expanded={openList === one.id}
              onClick={() => setOpenList(openList === one.id ? null : one.id)}
            >
              {s.showRefused}
            </Button>
          )}
          {editable && (
            <Button size="compact-sm" variant="default" onClick={() => setRemoving(one.id)}>
              {s.remove}
            </Button>
          )}
        </Group>
      ),
    },
  ];
  return (
    <>
      <DataTable
        label={s.title}
        columns={columns}
        items={imports}
        rowKey={({ id }) => id}
        minWidth={720}
      />
      {detailedList && <Refused key={detailedList.id} campaign={campaign.id} list={detailedList} />}
      <ConfirmDialog
        opened={removing !== null}
        title={s.removeTitle}
        text={s.removeText}
        confirm={s.remove}
        danger
        pending={remove.isPending}
        error={remove.error}
        onConfirm={() => removing !== null && remove.mutate(removing)}
        onClose={() => setRemoving(null)}
      />
    </>
  );
}
