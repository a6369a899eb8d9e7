import { Button, Group, Stack, Switch, Textarea } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';

import { useText } from '../i18n/I18nProvider';
import { ActionError } from '../ui/ActionError';
import { Card } from '../ui/Card';
import { toast } from '../ui/toast';
import { useAction } from '../ui/useAction';
import { getAnswer, OPT_OUTS_KEY, setAnswer } from './api';

const ANSWER_KEY = [...OPT_OUTS_KEY, 'answer'] as const;
/** The hub's maximum length. */
const MAX_LENGTH = 500;

/** The message that a contact receives once after opting out. */
export function AnswerCard() {
  const s = useText().optOuts.answer;
  const { data, error } = useQuery({
    queryKey: ANSWER_KEY,
    queryFn: ({ signal }) => getAnswer(signal),
  });
  const save = useAction(ANSWER_KEY, setAnswer, () => toast({ text: s.saved }));
  return (
    <Card title={s.title} text={s.text}>
      <ActionError error={error ?? save.error} />
      {data && (
        <AnswerForm
          key={data.texto ?? ''}
          texto={data.texto}
          pending={save.isPending}
          onSave={(texto) => save.mutate(texto)}
        />
      )}
    </Card>
  );
}

interface Props {
  texto: string | null;
  pending: boolean;
  onSave: (texto: string | null) => void;
}

function AnswerForm({ texto, pending, onSave }: Props) {
  const s = useText().optOuts.answer;
  const [on, setOn] = useState(texto !== null);
  const [typedText, setTypedText] = useState(texto ?? s.suggested);
  const [problem, setProblem] = useState(false);

  function submit(event: FormEvent) {
    event.preventDefault();
    const empty = on && typedText.trim() === '';
    setProblem(empty);
    if (!empty) onSave(on ? typedText.trim() : null);
  }
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <Switch label={s.on} checked={on} onChange={(event) => setOn(event.currentTarget.checked)} />
        {on && (
          <Textarea
            label={s.label}
            autosize
            maxLength={MAX_LENGTH}
            value={typedText}
            error={problem && s.empty}
            onChange={(event) => setTypedText(event.currentTarget.value)}
          />
        )}
        <Group>
          <Button type="submit" variant="default" loading={pending}>
            {s.save}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
