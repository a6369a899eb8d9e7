import { useText } from '../i18n/I18nProvider';
import { lineFaultText } from '../i18n/lookup';
import { DataTable, type Column } from '../ui/DataTable';
import { PagedList } from '../ui/PagedList';
import { usePages } from '../ui/pages';
import { campaignKey, getRefused } from './api';
import type { RefusedLine } from './types';

/** The rejected lines of a list, each with its reason. */
export function Refused({ campaign, number }: { campaign: number; number: number }) {
  const t = useText();
  const s = t.campaigns.lists;
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
  );
}
