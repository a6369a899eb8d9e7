import { Table } from '@mantine/core';
import type { ReactNode } from 'react';

export interface Column<T> {
  key: string;
  label: string;
  cell: (item: T) => ReactNode;
  align?: 'start' | 'end';
  /** In pixels; left out, the content says. */
  width?: number;
}

interface Props<T> {
  /** What a screen reader calls the table. */
  label: string;
  columns: readonly Column<T>[];
  items: readonly T[];
  rowKey: (item: T) => string | number;
  /** Under this the table scrolls sideways on its own; in pixels. */
  minWidth?: number;
}

/** A table that scrolls within itself where the window is too narrow. */
export function DataTable<T>({ label, columns, items, rowKey, minWidth = 560 }: Props<T>) {
  return (
    <Table.ScrollContainer
      minWidth={minWidth}
      type="native"
      tabIndex={0}
      role="region"
      aria-label={label}
    >
      <Table verticalSpacing="xs" highlightOnHover aria-label={label}>
        <Table.Thead>
          <Table.Tr>
            {columns.map(({ key, label: name, align, width }) => (
              <Table.Th
                key={key}
                ta={align ?? 'start'}
                w={width}
                scope="col"
                style={{ overflowWrap: 'normal' }}
              >
                {name}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {items.map((item) => (
            <Table.Tr key={rowKey(item)}>
              {columns.map(({ key, cell, align }) => (
                <Table.Td key={key} ta={align ?? 'start'}>
                  {cell(item)}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
