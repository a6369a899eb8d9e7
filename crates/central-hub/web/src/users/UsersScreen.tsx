import { Badge, Button, Group, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconInfoCircle, IconPlus, IconUsers } from '@tabler/icons-react';
import { useState } from 'react';

import { Notice } from '../ui/Notice';
import { useAuth } from '../auth/AuthProvider';
import { useText } from '../i18n/I18nProvider';
import { useFormatTime } from '../live/useFormatTime';
import { ActionError } from '../ui/ActionError';
import { ConfirmDialog } from '../ui/ConfirmDialog';
import { DataTable, type Column } from '../ui/DataTable';
import { Dialog } from '../ui/Dialog';
import { Empty } from '../ui/Empty';
import { PagedList } from '../ui/PagedList';
import { Screen } from '../ui/Screen';
import { Surface } from '../ui/Surface';
import { usePages } from '../ui/pages';
import { useAction } from '../ui/useAction';
import { changeUser, deleteUser, getUsers, USERS_KEY, type User } from './api';
import { UserForm } from './UserForm';

/** The list of users with their roles. */
export default function UsersScreen() {
  const t = useText();
  const s = t.users;
  const formatTime = useFormatTime();
  const { me } = useAuth();
  const [editing, editDialog] = useDisclosure(false);
  const [removing, removeDialog] = useDisclosure(false);
  const [selected, setSelected] = useState<User | null>(null);
  const pages = usePages<User>({ key: [...USERS_KEY, 'list'], fetch: getUsers });
  const remove = useAction(
    USERS_KEY,
    ({ id }: User) => deleteUser(id),
    removeDialog.close,
  );
  const turn = useAction(USERS_KEY, ({ id, disabled }: User) =>
    changeUser(id, { disabled: !disabled }),
  );
  const edit = (user: User | null) => {
    setSelected(user);
    editDialog.open();
  };

  const columns: readonly Column<User>[] = [
    {
      key: 'name',
      label: s.name,
      cell: (user) => (
        <Group gap="xs">
          <Text size="sm" fw={600}>
            {user.username}
          </Text>
          {user.id === me.user?.id && <Badge variant="light" tt="none" children={s.you} />}
          {user.disabled && (
            <Badge variant="light" color="gray" tt="none">
              {s.disabled}
            </Badge>
          )}
          {me.auth_required && user.unguarded && (
            <Badge variant="light" color="orange" tt="none" title={s.unguardedHint}>
              {s.unguarded}
            </Badge>
          )}
        </Group>
      ),
    },
    {
      key: 'role',
      label: s.role,
      cell: ({ role, cliente_id }) => (
        <Text size="sm">
          {s.roles[role]}
          {cliente_id !== null && ` · ${s.business(cliente_id)}`}
        </Text>
      ),
    },
    {
      key: 'seen',
      label: s.signedIn,
      cell: ({ signed_in_at }) => (
        <Text size="sm">{signed_in_at ? formatTime(signed_in_at) : s.never}</Text>
      ),
    },
    {
      key: 'actions',
      label: s.actions,
      align: 'end',
      cell: (user) => (
        <Group gap="xs" justify="flex-end" wrap="nowrap">
          <Button
            size="compact-sm"
            variant="default"
            aria-label={s.editOf(user.username)}
            onClick={() => edit(user)}
          >
            {s.edit}
          </Button>
          <Button
            size="compact-sm"
            variant="default"
            aria-label={(user.disabled ? s.enableOf : s.disableOf)(user.username)}
            loading={turn.isPending && turn.variables.id === user.id}
            onClick={() => turn.mutate(user)}
          >
            {user.disabled ? s.enable : s.disable}
          </Button>
          <Button
            size="compact-sm"
            variant="default"
            aria-label={s.removeOf(user.username)}
            onClick={() => {
              setSelected(user);
              remove.reset();
              removeDialog.open();
            }}
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
      {!me.auth_required && (
        <Notice color="yellow" icon={<IconInfoCircle aria-hidden />} title={s.openTitle}>
          {s.openText}
        </Notice>
      )}
      <ActionError error={turn.error} />
      <Surface>
        <PagedList
          pages={pages}
          empty={<Empty icon={IconUsers} title={s.emptyTitle} text={s.emptyText} />}
        >
          {(items) => (
            <DataTable
              label={s.title}
              columns={columns}
              items={items}
              rowKey={({ id }) => id}
              minWidth={720}
            />
          )}
        </PagedList>
      </Surface>
      <Dialog
        opened={editing}
        title={selected ? s.editOf(selected.username) : s.add}
        onClose={editDialog.close}
      >
        <UserForm key={selected?.id ?? 'new'} user={selected} onDone={editDialog.close} onCancel={editDialog.close} />
      </Dialog>
      <ConfirmDialog
        opened={removing}
        title={s.removeTitle(selected?.username ?? '')}
        text={s.removeText}
        confirm={s.remove}
        danger
        pending={remove.isPending}
        error={remove.error}
        onConfirm={() => selected && remove.mutate(selected)}
        onClose={removeDialog.close}
      />
    </Screen>
  );
}
