import { Button, Text, Textarea } from '@mantine/core';
import { IconSend } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef, useState, type FormEvent } from 'react';

import { useDryRun } from '../live/useDryRun';
import { useText } from '../i18n/I18nProvider';
import { newKey } from '../lib/key';
import { ActionError } from '../ui/ActionError';
import { outcomeIsUnknown } from '../api/outcome';
import { answer, CONVERSATIONS_KEY } from './api';
import classes from './Conversations.module.css';

interface Attempt {
  destinatario: string;
  mensaje: string;
  cliente_id?: number;
  key: string;
}

/** The box to answer in. One text is sent once, however often it is clicked. */
export function AnswerBox({ number, business }: { number: string; business: number | null }) {
  const t = useText();
  const c = t.conversations;
  const dryRun = useDryRun();
  const queries = useQueryClient();
  const [text, setText] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const box = useRef<HTMLTextAreaElement>(null);
  const pending = useRef<Attempt | null>(null);
  const isUnderWay = useRef(false);

  const attempt = useMutation({
    mutationFn: ({ key, ...body }: Attempt) => answer(body, key),
    onSuccess: () => {
      pending.current = null;
      setText('');
    },
    onError: (error) => {
      if (!outcomeIsUnknown(error)) pending.current = null;
    },
    onSettled: () => {
      isUnderWay.current = false;
      box.current?.focus();
      return queries.invalidateQueries({ queryKey: CONVERSATIONS_KEY });
    },
  });

  function submit(event?: FormEvent) {
    event?.preventDefault();
    // Before the button is drawn as busy, a second click comes here.
    if (isUnderWay.current) return;
    if (text.trim() === '') {
      setProblem(c.answerEmpty);
      return;
    }
    // What may have left goes again under the same key: it is one message.
    const same = pending.current?.mensaje === text ? pending.current : null;
    const next = same ?? {
      destinatario: number,
      mensaje: text,
      key: newKey(),
      ...(business === null ? {} : { cliente_id: business }),
    };
    pending.current = next;
    isUnderWay.current = true;
    attempt.mutate(next);
  }

  const { data, error } = attempt;
  const unknown = error !== null && outcomeIsUnknown(error);
  return (
    <form onSubmit={submit} noValidate className={classes.answer}>
      <div role="status" aria-live="polite" data-testid="answer-outcome">
        {data?.estado === 'simulado' && <Text size="sm">{c.rehearsed}</Text>}
        {data?.estado === 'pendiente' && <Text size="sm">{c.waiting}</Text>}
        {unknown && <Text size="sm">{c.unknown}</Text>}
      </div>
      <ActionError error={error} />
      <div className={classes.write}>
        <Textarea
          ref={box}
          label={c.answer}
          description={c.answerHint}
          autosize
          minRows={1}
          maxRows={6}
          value={text}
          error={problem}
          onChange={(event) => {
            setText(event.currentTarget.value);
            setProblem(null);
          }}
          onKeyDown={(event) => {
            // An accent or a word that is still being composed ends with Enter, too.
            if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
            event.preventDefault();
            submit();
          }}
        />
        <Button
          type="submit"
          loading={attempt.isPending}
          leftSection={<IconSend size={18} aria-hidden />}
        >
          {dryRun ? c.rehearse : c.send}
        </Button>
      </div>
    </form>
  );
}
