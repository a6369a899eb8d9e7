import { Table } from '@mantine/core';
import type { CSSProperties, ReactNode } from 'react';

import classes from './DataTable.module.css';

export interface Column<T> {
  key: string;
  label: string;
  cell: (item: T) => ReactNode;
  align?: 'start' | 'end';
  /** Width in pixels; by default the content's width. */
  width?: number;
}

interface Props<T> {
  /** Accessible name of the table. */
  label: string;
  columns: readonly Column<T>[];
  items: readonly T[];
  rowKey: (item: T) => string | number;
  /** Width in pixels below which the table scrolls horizontally. */
  minWidth?: number;
  /**
   * Columns without a label on a phone's card; the first column and buttons
   * have none either.
   */
  bare?: readonly string[];
  /** Handles a click on a row; a button in the row does the same for the keyboard. */
  onOpen?: (item: T) => void;
}

const BARE: readonly string[] = ['actions', 'look', 'state'];

/** A table; on a phone each row is a card, since the columns would not fit. */
export function DataTable<T>({ label, columns, items, rowKey, minWidth = 560, bare = [], onOpen }: Props<T>) {
  const isBare = (key: string, at: number) => at === 0 || BARE.includes(key) || bare.includes(key);
  return (
    <div
      className={classes.frame}
      style={{ '--least': `${minWidth}px` } as CSSProperties}
      tabIndex={0}
      role="region"
      aria-label={label}
    >
      <Table verticalSpacing="xs" highlightOnHover aria-label={label} className={classes.table ?? ''}>
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
            <Table.Tr
              key={rowKey(item)}
              data-opens={onOpen ? true : undefined}
              onClick={
                onOpen &&
                ((event) => {
                  if (!(event.target as Element).closest('a, button')) onOpen(item);
                })
              }
            >
              {columns.map(({ key, label: name, cell, align }, at) => (
                <Table.Td
                  key={key}
                  ta={align ?? 'start'}
                  data-label={name}
                  data-bare={isBare(key, at) || undefined}
                >
                  {/* One child, beside the label of a phone's card. */}
                  <div>{cell(item)}</div>
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}
