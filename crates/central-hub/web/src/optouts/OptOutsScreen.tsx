import { Anchor, Button, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconBellOff, IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'wouter';

import { actorOf } from '../api/actor';
import { useAuth } from '../auth/AuthProvider';
import { useText } from '../i18n/I18nProvider';
import { formatPhone } from '../lib/phone';
import { conversationOf } from '../lib/routes';
import { useFormatTime } from '../live/useFormatTime';
import { ConfirmDialog } from '../ui/ConfirmDialog';
import { DataTable, type Column } from '../ui/DataTable';
import { Dialog } from '../ui/Dialog';
import { Empty } from '../ui/Empty';
import { PagedList } from '../ui/PagedList';
import { Screen } from '../ui/Screen';
import { Surface } from '../ui/Surface';
import { usePages } from '../ui/pages';
import { toast } from '../ui/toast';
import { useAction } from '../ui/useAction';
import { AddForm } from './AddForm';
import { addOptOut, getOptOuts, OPT_OUTS_KEY, removeOptOut, type OptOut } from './api';
import { AnswerCard } from './AnswerCard';
import { PossibleCard } from './PossibleCard';
import { WordsCard } from './WordsCard';

/** The opt-out list, newest first. */
export default function OptOutsScreen() {
  const t = useText();
  const s = t.optOuts;
  const formatTime = useFormatTime();
  const { me } = useAuth();
  const [adding, addDialog] = useDisclosure(false);
  const [removing, removeDialog] = useDisclosure(false);
  const [selectedNumber, setSelectedNumber] = useState('');
  const pages = usePages<OptOut>({
    key: [...OPT_OUTS_KEY, 'list'],
    fetch: getOptOuts,
    everyMs: 30_000,
  });
  const restore = useAction(
    OPT_OUTS_KEY,
    (telefono: string) => addOptOut({ telefono, motivo: '' }),
    ({ telefono }) => toast({ text: s.added(formatPhone(telefono)) }),
  );
  const remove = useAction(OPT_OUTS_KEY, () => removeOptOut(selectedNumber), () => {
    removeDialog.close();
    toast({
      text: s.removed(formatPhone(selectedNumber)),
      undo: { label: t.app.undo, act: () => restore.mutate(selectedNumber) },
    });
  });

  const columns: readonly Column<OptOut>[] = [
    {
      key: 'who',
      label: s.number,
      cell: ({ telefono, nombre }) => (
        <>
          <Anchor size="sm" component={Link} to={conversationOf(telefono)}>
            {nombre ?? formatPhone(telefono)}
          </Anchor>
          {nombre !== undefined && (
            <Text size="xs" c="dimmed">
              {formatPhone(telefono)}
            </Text>
          )}
        </>
      ),
    },
    {
      key: 'how',
      label: s.how,
      cell: ({ origen, motivo, por }) => (
        <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
          {origen === 'mensaje'
            ? s.asked(motivo)
            : `${s.addedBy(actorOf(me, por))}${motivo ? `: ${motivo}` : ''}`}
        </Text>
      ),
    },
    { key: 'when', label: s.when, cell: ({ fecha }) => <Text size="sm">{formatTime(fecha)}</Text> },
    {
      key: 'actions',
      label: s.actions,
      align: 'end',
      cell: ({ telefono }) => (
        <Button
          size="compact-sm"
          variant="default"
          aria-label={s.removeOf(formatPhone(telefono))}
          onClick={() => {
            setSelectedNumber(telefono);
            remove.reset();
            removeDialog.open();
          }}
        >
          {s.remove}
        </Button>
      ),
    },
  ];
  return (
    <Screen
      title={s.title}
      lead={s.lead}
      actions={
        <Button leftSection={<IconPlus size={18} aria-hidden />} onClick={addDialog.open}>
          {s.add}
        </Button>
      }
    >
      <PossibleCard />
      <Surface>
        <PagedList
          pages={pages}
          empty={<Empty icon={IconBellOff} title={s.emptyTitle} text={s.emptyText} />}
        >
          {(items) => (
            <DataTable label={s.title} columns={columns} items={items} rowKey={({ id }) => id} />
          )}
        </PagedList>
      </Surface>
      <WordsCard />
      <AnswerCard />
      <Dialog opened={adding} title={s.add} onClose={addDialog.close}>
        <AddForm
          onDone={(number) => {
            addDialog.close();
            toast({ text: s.added(number) });
          }}
          onCancel={addDialog.close}
        />
      </Dialog>
      <ConfirmDialog
        opened={removing}
        title={s.removeTitle(formatPhone(selectedNumber))}
        text={s.removeText}
        confirm={s.remove}
        pending={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate()}
        onClose={removeDialog.close}
      />
    </Screen>
  );
}
