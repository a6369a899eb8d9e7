import { Button, Text, Title, VisuallyHidden } from '@mantine/core';
import { useState } from 'react';

import type { HistoryEntry } from '../api/types';
import { useText } from '../i18n/I18nProvider';
import { explainShort } from '../i18n/lookup';
import { useFormatTime } from '../live/useFormatTime';
import classes from './Details.module.css';

/** Number of entries shown before "show all". */
const INITIAL_ENTRIES = 8;

export function History({ entries }: { entries: readonly HistoryEntry[] }) {
  const t = useText();
  const formatTime = useFormatTime();
  const { states } = t.whatsapp;
  const [all, setAll] = useState(false);
  const visible = all ? entries : entries.slice(0, INITIAL_ENTRIES);
  return (
    <section style={{ marginBlockStart: 28 }}>
      <Title order={3} size="h5">
        {t.details.history}
      </Title>
      {entries.length === 0 ? (
        <Text size="sm" c="dimmed" mt="xs">
          {t.details.historyEmpty}
        </Text>
      ) : (
        <ol className={classes.history}>
          {visible.map((entry, index) => (
            // Two transitions can have the same millisecond and text.
            <li key={`${entry.at}-${entries.length - index}`}>
              <time dateTime={entry.at}>{formatTime(entry.at)}</time>
              <div>
                <div className={classes.change}>
                  <VisuallyHidden>
                    {t.details.transition(states[entry.from], states[entry.to])}
                  </VisuallyHidden>
                  <span aria-hidden>
                    {entry.from === entry.to
                      ? states[entry.to]
                      : `${states[entry.from]} → ${states[entry.to]}`}
                  </span>
                </div>
                <div className={classes.why} title={entry.cause}>
                  {explainShort(t, entry.cause, entry.message)}
                </div>
              </div>
            </li>
          ))}
        </ol>
      )}
      {visible.length < entries.length && (
        <Button variant="default" size="xs" mt="sm" onClick={() => setAll(true)}>
          {t.details.historyAll(entries.length)}
        </Button>
      )}
    </section>
  );
}
