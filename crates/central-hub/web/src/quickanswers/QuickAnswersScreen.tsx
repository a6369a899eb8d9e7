import { Anchor, Button, Group, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconBolt, IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'wouter';

import { useText } from '../i18n/I18nProvider';
import { ROUTES } from '../lib/routes';
import { ActionError } from '../ui/ActionError';
import { DataTable, type Column } from '../ui/DataTable';
import { Dialog } from '../ui/Dialog';
import { Empty } from '../ui/Empty';
import { Screen } from '../ui/Screen';
import { ScreenLoading } from '../ui/ScreenLoading';
import { Surface } from '../ui/Surface';
import { toast } from '../ui/toast';
import { useAction } from '../ui/useAction';
import {
  addQuickAnswer,
  QUICK_ANSWERS_KEY,
  removeQuickAnswer,
  useQuickAnswers,
  type QuickAnswer,
} from './api';
import { QuickAnswerForm } from './QuickAnswerForm';

/** The screen for adding, editing and deleting quick replies. */
export default function QuickAnswersScreen() {
  const t = useText();
  const s = t.quickAnswers;
  const answers = useQuickAnswers();
  const [editing, dialog] = useDisclosure(false);
  const [editedAnswer, setEditedAnswer] = useState<QuickAnswer | null>(null);
  const restore = useAction(QUICK_ANSWERS_KEY, ({ atajo, texto, cliente_id }: QuickAnswer) =>
    addQuickAnswer({ atajo, texto, ...(cliente_id === null ? {} : { cliente_id }) }),
  );
  const remove = useAction(QUICK_ANSWERS_KEY, async (answer: QuickAnswer) => {
    await removeQuickAnswer(answer.id);
    toast({
      text: s.removed(answer.atajo),
      undo: { label: t.app.undo, act: () => restore.mutate(answer) },
    });
  });
  const edit = (answer: QuickAnswer | null) => {
    setEditedAnswer(answer);
    dialog.open();
  };

  const columns: readonly Column<QuickAnswer>[] = [
    {
      key: 'shortcut',
      label: s.shortcut,
      cell: ({ atajo, cliente_id }) => (
        <Text size="sm" fw={600}>
          /{atajo}
          {cliente_id !== null && (
            <Text span size="xs" c="dimmed" fw={400}>
              {` · ${s.business(cliente_id)}`}
            </Text>
          )}
        </Text>
      ),
    },
    {
      key: 'text',
      label: s.text,
      cell: ({ texto }) => (
        <Text size="sm" lineClamp={2} style={{ overflowWrap: 'anywhere' }}>
          {texto}
        </Text>
      ),
    },
    {
      key: 'actions',
      label: s.actions,
      align: 'end',
      cell: (answer) => (
        <Group gap="xs" justify="flex-end" wrap="nowrap">
          <Button
            size="compact-sm"
            variant="default"
            aria-label={s.editOf(answer.atajo)}
            onClick={() => edit(answer)}
          >
            {s.edit}
          </Button>
          <Button
            size="compact-sm"
            variant="default"
            aria-label={s.removeOf(answer.atajo)}
            loading={remove.isPending && remove.variables.id === answer.id}
            onClick={() => remove.mutate(answer)}
          >
            {s.remove}
          </Button>
        </Group>
      ),
    },
  ];
  return (
    <Screen
      title={s.title}
      lead={s.lead}
      actions={
        <Button leftSection={<IconPlus size={18} aria-hidden />} onClick={() => edit(null)}>
          {s.add}
        </Button>
      }
    >
      <Anchor component={Link} to={ROUTES.conversations} size="sm">
        {s.back}
      </Anchor>
      <ActionError error={remove.error ?? restore.error ?? answers.error} />
      <Surface>
        {answers.isPending && !answers.error && <ScreenLoading />}
        {answers.data?.length === 0 && (
          <Empty icon={IconBolt} title={s.emptyTitle} text={s.emptyText} />
        )}
        {answers.data && answers.data.length > 0 && (
          <DataTable
            label={s.title}
            columns={columns}
            items={answers.data}
            rowKey={({ id }) => id}
          />
        )}
      </Surface>
      <Dialog
        opened={editing}
        title={editedAnswer ? s.editOf(editedAnswer.atajo) : s.add}
        onClose={dialog.close}
      >
        <QuickAnswerForm key={editedAnswer?.id ?? 'new'} answer={editedAnswer} onDone={dialog.close} />
      </Dialog>
    </Screen>
  );
}
