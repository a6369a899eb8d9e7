import { Button, Code, Group, Stack, Text, Textarea } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useRef } from 'react';

import { ApiError } from '../api/http';
import { useText } from '../i18n/I18nProvider';
import { templateFaultText, templateMistakeText } from '../i18n/lookup';
import { formatPhone } from '../lib/phone';
import { useSample } from './api';
import { Bubble } from './Bubble';
import classes from './Message.module.css';
import { closest, fill, mistakeIn, parse } from '../lib/template';
import type { Campaign } from './types';
import { columnsToName, mistakeOf, templateMistakeOfError } from './words';

/** Maximum number of columns offered as buttons. */
const MAX_BUTTONS = 20;
/** Reports a mistake only after typing pauses, since a brace stays open while its name is typed. */
const PAUSE_MS = 700;

interface Props {
  value: string;
  onChange: (text: string) => void;
  campaign: Campaign;
  /** The message to show under the field, for example if it is empty. */
  problem: string | null;
  /** The hub's rejection of the last saved text. */
  refusal: Error | null;
}

/** The editor of a campaign's text, with column buttons, mistakes and a preview. */
export function MessageEditor({ value, onChange, campaign, problem, refusal }: Props) {
  const t = useText();
  const f = t.campaigns.form;
  // Empty until a list is imported.
  const columns = campaign.columnas;
  const sample = useSample(campaign.id).data;
  const area = useRef<HTMLTextAreaElement>(null);
  const [settled] = useDebouncedValue(value, PAUSE_MS);
  const localMistake = settled === value ? mistakeIn(value, columns) : null;
  const invalid = templateMistakeOfError(refusal);
  const hubMistake = invalid && mistakeOf(value, invalid.details);
  const mistake = localMistake ?? hubMistake;
  const lacking =
    refusal instanceof ApiError && refusal.details['motivo'] === 'MISSING_VALUE'
      ? String(refusal.details['columna'])
      : null;
  const error =
    problem ??
    (localMistake ? templateMistakeText(t, localMistake.code, localMistake.variable) : invalid && templateFaultText(t, invalid));
  const suggestion =
    localMistake?.code === 'TEMPLATE_UNKNOWN_VARIABLE' ? closest(localMistake.variable, columns) : null;
  const offeredColumns = columnsToName(columns, sample);
  const filled = sample && fill(value, sample.datos);

  function replace(start: number, end: number, text: string, from: number, until: number) {
    onChange(value.slice(0, start) + text + value.slice(end));
    // After the new value is rendered.
    requestAnimationFrame(() => {
      area.current?.focus();
      area.current?.setSelectionRange(from, until);
    });
  }

  function insert(column: string) {
    const field = area.current;
    const start = field?.selectionStart ?? value.length;
    const text = `{${column}}`;
    const after = start + text.length;
    replace(start, field?.selectionEnd ?? start, text, after, after);
  }

  /** Adds a fallback word for recipients whose cell is empty, and selects it for replacement. */
  function addFallback(column: string) {
    const found = parse(value).parts.find(
      (part) =>
        'variable' in part && part.variable.key === column && part.variable.fallback === null,
    );
    if (!found || !('variable' in found)) return;
    const { start, end, written } = found.variable;
    const from = start + written.length + 2;
    replace(start, end, `{${written}|${f.fallback}}`, from, from + f.fallback.length);
  }

  return (
    <div className={classes.grid}>
      <Stack gap="xs">
        <Textarea
          ref={area}
          label={f.text}
          description={columns.length > 0 ? f.textHint : f.textHintNoList}
          required
          autosize
          minRows={5}
          maxRows={14}
          value={value}
          error={error}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
        {mistake && (
          <Group gap="xs">
            <Code data-testid="mistake">{value.slice(mistake.start, mistake.end)}</Code>
            <Button
              size="compact-sm"
              variant="default"
              onClick={() => {
                area.current?.focus();
                area.current?.setSelectionRange(mistake.start, mistake.end);
              }}
            >
              {f.showMistake}
            </Button>
            {suggestion !== null && (
              <Button
                size="compact-sm"
                variant="default"
                onClick={() => {
                  const text = `{${suggestion}}`;
                  const after = mistake.start + text.length;
                  replace(mistake.start, mistake.end, text, after, after);
                }}
              >
                {f.meant(suggestion)}
              </Button>
            )}
          </Group>
        )}
        {lacking !== null && (
          <Group>
            <Button size="compact-sm" variant="default" onClick={() => addFallback(lacking)}>
              {f.addFallback(lacking)}
            </Button>
          </Group>
        )}
        {offeredColumns.length > 0 && (
          <div role="group" aria-label={f.insert}>
            <Text size="sm" mb={4}>
              {f.insert}
            </Text>
            <Group gap={6}>
              {offeredColumns.slice(0, MAX_BUTTONS).map((column) => (
                <Button
                  key={column}
                  size="compact-sm"
                  variant="light"
                  aria-label={f.insertColumn(column)}
                  onClick={() => insert(column)}
                >
                  {column.replaceAll('_', ' ')}
                </Button>
              ))}
            </Group>
          </div>
        )}
      </Stack>
      <Stack gap={4}>
        <Bubble
          testid="bubble"
          title={sample ? t.campaigns.review.sample(sample.nombre ?? formatPhone(sample.destinatario)) : f.preview}
          text={(filled ? filled.text : value) || '…'}
        />
        {filled && filled.missing.length > 0 && (
          <Text size="xs" c="dimmed" role="status">
            {f.sampleLacks(filled.missing.join(', '))}
          </Text>
        )}
      </Stack>
    </div>
  );
}
