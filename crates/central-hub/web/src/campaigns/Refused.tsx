import { Button, Group, Stack, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';

import { useText } from '../i18n/I18nProvider';
import { lineFaultText } from '../i18n/lookup';
import { saveText } from '../lib/spreadsheet';
import { ActionError } from '../ui/ActionError';
import { DataTable, type Column } from '../ui/DataTable';
import { PagedList } from '../ui/PagedList';
import { usePages } from '../ui/pages';
import { campaignKey, getAllRefused, getRefused } from './api';
import { correctionFile, correctionFileName } from './correctionFile';
import type { Import, RefusedLine } from './types';

/** The rejected lines of a list with their reasons, and a file in which to correct them. */
export function Refused({ campaign, list }: { campaign: number; list: Import }) {
  const t = useText();
  const s = t.campaigns.lists;
  const number = list.id;
  const save = useMutation({
    mutationFn: () => getAllRefused(campaign, number),
    onSuccess: (lines) => saveText(correctionFileName(t, list.archivo), correctionFile(t, list.titulos, lines)),
  });
  const pages = usePages<RefusedLine>({
    key: [...campaignKey(campaign), 'refused', number],
    fetch: (cursor, signal) => getRefused(campaign, number, cursor, signal),
  });
  const columns: readonly Column<RefusedLine>[] = [
    { key: 'line', label: s.refusedColumns.line, width: 90, cell: ({ linea }) => linea },
    { key: 'value', label: s.refusedColumns.value, cell: ({ valor }) => valor },
    {
      key: 'why',
      label: s.refusedColumns.why,
      cell: ({ codigo, motivo }) => lineFaultText(t, codigo, motivo),
    },
  ];
  return (
    <Stack gap="sm" data-testid="refused">
      {list.titulos.length > 0 && (
        <Group gap="sm">
          <Button
            variant="default"
            leftSection={<IconDownload size={18} aria-hidden />}
            loading={save.isPending}
            onClick={() => save.mutate()}
          >
            {s.mend}
          </Button>
          <Text size="sm" c="dimmed">
            {s.mendHint}
          </Text>
        </Group>
      )}
      <ActionError error={save.error} />
      <PagedList pages={pages} empty={null}>
        {(items) => (
          <DataTable
            label={s.refusedTitle}
            columns={columns}
            items={items}
            rowKey={({ linea }) => linea}
            minWidth={420}
          />
        )}
      </PagedList>
    </Stack>
  );
}
