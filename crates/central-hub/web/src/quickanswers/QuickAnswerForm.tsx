import { Button, Group, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useRef, useState, type FormEvent } from 'react';

import { ApiError } from '../api/http';
import { useText } from '../i18n/I18nProvider';
import { templateMistakeText } from '../i18n/lookup';
import { fill, mistakeIn } from '../lib/template';
import { ActionError } from '../ui/ActionError';
import { toast } from '../ui/toast';
import { useAction } from '../ui/useAction';
import { addQuickAnswer, changeQuickAnswer, QUICK_ANSWERS_KEY, type QuickAnswer } from './api';
import { FIELDS, fieldsOf } from './shortcutMatching';

const SHORTCUT = /^[\p{L}\p{N}._-]{1,30}$/u;
const SAMPLE = fieldsOf('Ana', '5491158254201');

interface Props {
  /** The answer to edit; null adds one. */
  answer: QuickAnswer | null;
  onDone: () => void;
}

/** The form of a quick answer. */
export function QuickAnswerForm({ answer, onDone }: Props) {
  const t = useText();
  const s = t.quickAnswers;
  const f = s.form;
  const [shortcut, setShortcut] = useState(answer?.atajo ?? '');
  const [text, setText] = useState(answer?.texto ?? '');
  const [tried, setTried] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  const word = shortcut.trim().replace(/^\//, '');
  const save = useAction(
    QUICK_ANSWERS_KEY,
    () => {
      const body = { atajo: word, texto: text };
      return answer ? changeQuickAnswer(answer.id, body) : addQuickAnswer(body);
    },
    ({ atajo }) => {
      toast({ text: s.saved(atajo) });
      onDone();
    },
  );
  const mistake = mistakeIn(text, FIELDS);
  const textProblem =
    text.trim() === ''
      ? f.textEmpty
      : mistake?.code === 'TEMPLATE_UNKNOWN_VARIABLE'
        ? f.unknown(mistake.variable)
        : mistake && templateMistakeText(t, mistake.code, mistake.variable);
  const shortcutProblem = SHORTCUT.test(word) ? null : f.shortcutWrong;
  const isTaken = save.error instanceof ApiError && save.error.code === 'QUICK_ANSWER_EXISTS';

  function submit(event: FormEvent) {
    event.preventDefault();
    setTried(true);
    if (shortcutProblem === null && textProblem === null) save.mutate();
  }

  function insert(field: string) {
    const at = area.current?.selectionStart ?? text.length;
    const until = area.current?.selectionEnd ?? at;
    const placeholder = `{${field}}`;
    setText(text.slice(0, at) + placeholder + text.slice(until));
    // After the new value is rendered.
    requestAnimationFrame(() => {
      area.current?.focus();
      area.current?.setSelectionRange(at + placeholder.length, at + placeholder.length);
    });
  }

  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <TextInput
          label={f.shortcut}
          description={f.shortcutHint}
          autoComplete="off"
          autoCapitalize="none"
          data-autofocus
          leftSection={<span aria-hidden>/</span>}
          value={shortcut}
          error={isTaken ? t.errors.QUICK_ANSWER_EXISTS : tried && shortcutProblem}
          onChange={(event) => {
            setShortcut(event.currentTarget.value);
            save.reset();
          }}
        />
        <div>
          <Textarea
            ref={area}
            label={f.text}
            description={f.textHint}
            autosize
            minRows={4}
            maxRows={12}
            value={text}
            error={tried && textProblem}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <Group gap={6} mt={8} role="group" aria-label={f.insert}>
            <Text size="sm">{f.insert}</Text>
            {FIELDS.map((field) => (
              <Button
                key={field}
                size="compact-sm"
                variant="light"
                aria-label={f.insertField(field)}
                onClick={() => insert(field)}
              >
                {field}
              </Button>
            ))}
          </Group>
        </div>
        {text.trim() !== '' && !mistake && (
          <div>
            <Text size="sm" c="dimmed">
              {f.preview}
            </Text>
            <Text size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }} data-testid="preview">
              {fill(text, SAMPLE).text}
            </Text>
          </div>
        )}
        <ActionError error={isTaken ? null : save.error} />
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onDone}>
            {t.app.cancel}
          </Button>
          <Button type="submit" loading={save.isPending}>
            {f.save}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
