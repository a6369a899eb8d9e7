import { Button, Group, Stack, TagsInput } from '@mantine/core';
import { IconCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';

import { Notice } from '../ui/Notice';
import { useText } from '../i18n/I18nProvider';
import { ActionError } from '../ui/ActionError';
import { Card } from '../ui/Card';
import { useAction } from '../ui/useAction';
import { getWords, OPT_OUTS_KEY, setWords } from './api';

const WORDS_KEY = [...OPT_OUTS_KEY, 'words'] as const;

/** The opt-out words; a message that consists of one of them opts the sender out. */
export function WordsCard() {
  const t = useText();
  const s = t.optOuts.words;
  const { data, error } = useQuery({
    queryKey: WORDS_KEY,
    queryFn: ({ signal }) => getWords(signal),
  });
  const save = useAction(WORDS_KEY, setWords);
  return (
    <Card title={s.title} text={s.text}>
        <ActionError error={error} />
        {data && (
          <WordsForm
            key={data.join('\n')}
            words={data}
            pending={save.isPending}
            onSave={(words) => save.mutate(words)}
          />
        )}
        <ActionError error={save.error} />
        {save.isSuccess && (
          <Notice color="brand" icon={<IconCheck aria-hidden />} title={s.saved} urgent />
        )}
    </Card>
  );
}

interface Props {
  words: string[];
  pending: boolean;
  onSave: (words: string[]) => void;
}

function WordsForm({ words, pending, onSave }: Props) {
  const s = useText().optOuts.words;
  const [typedWords, setTypedWords] = useState(words);
  const [problem, setProblem] = useState(false);

  function submit(event: FormEvent) {
    event.preventDefault();
    setProblem(typedWords.length === 0);
    if (typedWords.length > 0) onSave(typedWords);
  }
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <TagsInput
          label={s.label}
          description={s.hint}
          value={typedWords}
          error={problem && s.empty}
          acceptValueOnBlur
          onChange={setTypedWords}
        />
        <Group>
          <Button type="submit" variant="default" loading={pending}>
            {s.save}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
