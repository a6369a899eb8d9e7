import { Anchor, Text } from '@mantine/core';
import { IconCalendarTime } from '@tabler/icons-react';

import { useText } from '../i18n/I18nProvider';
import { DataTable, type Column } from '../ui/DataTable';
import { Empty } from '../ui/Empty';
import { PagedList } from '../ui/PagedList';
import { usePages } from '../ui/pages';
import { SCHEDULES_KEY } from '../planning/api';
import { POLL_MS, getPage, type ListFilter } from './api';
import { ScheduleBadge } from './ScheduleBadge';
import type { Schedule } from '../planning/types';
import { datesText, daysText, hoursText, nameOf } from './scheduleText';

interface Props {
  filter: ListFilter;
  onOpen: (schedule: Schedule) => void;
}

/** The list of schedules, newest first. */
export function ListView({ filter, onOpen }: Props) {
  const t = useText();
  const s = t.schedules;
  const pages = usePages<Schedule>({
    key: [...SCHEDULES_KEY, 'list', filter],
    fetch: async (cursor, signal) => {
      const answer = await getPage(filter, cursor, signal);
      return { items: answer.programaciones, next: answer.siguiente };
    },
    everyMs: POLL_MS,
  });
  const columns: Column<Schedule>[] = [
    {
      key: 'campaign',
      label: s.columns.campaign,
      cell: (item) => (
        <Anchor
          component="button"
          type="button"
          size="sm"
          ta="start"
          fw={550}
          onClick={() => onOpen(item)}
          aria-label={s.open(nameOf(t, item))}
        >
          {nameOf(t, item)}
        </Anchor>
      ),
    },
    { key: 'days', label: s.columns.days, cell: (item) => daysText(t, item.dias_semana) },
    { key: 'hours', label: s.columns.hours, cell: (item) => hoursText(t, item) },
    { key: 'dates', label: s.columns.dates, cell: (item) => datesText(t, item) },
    {
      key: 'quota',
      label: s.columns.quota,
      align: 'end',
      cell: (item) => item.cupo_diario ?? '—',
    },
    {
      key: 'state',
      label: s.columns.state,
      width: 150,
      cell: (item) => (
        <>
          <ScheduleBadge estado={item.estado} />
          {item.motivo && (
            <Text size="xs" c="dimmed">
              {item.motivo}
            </Text>
          )}
        </>
      ),
    },
  ];
  const empty =
    filter.estado === null && filter.campania_id === null ? (
      <Empty icon={IconCalendarTime} title={s.emptyTitle} text={s.emptyText} />
    ) : (
      <Empty icon={IconCalendarTime} title={s.emptyFilter} />
    );
  return (
    <PagedList pages={pages} empty={empty}>
      {(items) => (
        <DataTable
          label={s.list}
          columns={columns}
          items={items}
          rowKey={(item) => item.id}
          minWidth={720}
        />
      )}
    </PagedList>
  );
}
