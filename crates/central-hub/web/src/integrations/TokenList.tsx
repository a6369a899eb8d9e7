import { Badge, Button, Group, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconKey, IconPlus } from '@tabler/icons-react';
import { useState } from 'react';

import { useAuth } from '../auth/AuthProvider';
import { useText } from '../i18n/I18nProvider';
import { useFormatTime } from '../live/useFormatTime';
import { Card } from '../ui/Card';
import { ConfirmDialog } from '../ui/ConfirmDialog';
import { DataTable, type Column } from '../ui/DataTable';
import { Dialog } from '../ui/Dialog';
import { Empty } from '../ui/Empty';
import { PagedList } from '../ui/PagedList';
import { usePages } from '../ui/pages';
import { useAction } from '../ui/useAction';
import { getTokens, revokeToken, TOKENS_KEY } from './api';
import { Secret } from './Secret';
import { TokenForm } from './TokenForm';
import type { Token } from './types';

/** The list of API tokens, newest first. */
export function TokenList() {
  const t = useText();
  const s = t.integrations;
  const formatTime = useFormatTime();
  const { me } = useAuth();
  const [adding, dialog] = useDisclosure(false);
  const [revoking, revokeDialog] = useDisclosure(false);
  const [secret, setSecret] = useState<string | null>(null);
  const [selected, setSelected] = useState<Token | null>(null);
  const pages = usePages<Token>({ key: [...TOKENS_KEY, 'list'], fetch: getTokens });
  const revoke = useAction(TOKENS_KEY, ({ id }: Token) => revokeToken(id), revokeDialog.close);
  const close = () => {
    dialog.close();
    setSecret(null);
  };
  const columns: readonly Column<Token>[] = [
    {
      key: 'name',
      label: s.tokenName,
      cell: ({ name, unguarded }) => (
        <Group gap="xs">
          <Text size="sm" fw={600}>
            {name}
          </Text>
          {me.auth_required && unguarded && (
            <Badge variant="light" color="orange" tt="none" title={s.unguardedHint}>
              {s.unguarded}
            </Badge>
          )}
        </Group>
      ),
    },
    {
      key: 'scopes',
      label: s.scopes,
      cell: ({ scopes, cliente_id }) => (
        <Text size="sm">
          {scopes.map((scope) => s.shortScopes[scope] ?? scope).join(', ')}
          {cliente_id !== null && ` · ${t.users.business(cliente_id)}`}
        </Text>
      ),
    },
    {
      key: 'used',
      label: s.used,
      cell: ({ used_at }) => <Text size="sm">{used_at ? formatTime(used_at) : s.neverUsed}</Text>,
    },
    {
      key: 'ends',
      label: s.ends,
      cell: ({ expires_at }) => <Text size="sm">{expires_at ? formatTime(expires_at) : s.neverEnds}</Text>,
    },
    {
      key: 'actions',
      label: s.actions,
      align: 'end',
      cell: (token) => (
        <Button
          size="compact-sm"
          variant="default"
          aria-label={s.revokeOf(token.name)}
          onClick={() => {
            setSelected(token);
            revoke.reset();
            revokeDialog.open();
          }}
        >
          {s.revoke}
        </Button>
      ),
    },
  ];
  return (
    <Card
      title={s.tokens}
      text={s.tokensText}
      action={
        <Button leftSection={<IconPlus size={18} aria-hidden />} onClick={dialog.open}>
          {s.addToken}
        </Button>
      }
    >
        <PagedList
          pages={pages}
          empty={<Empty icon={IconKey} title={s.noTokens} text={s.noTokensText} />}
        >
          {(items) => (
            <DataTable
              label={s.tokens}
              columns={columns}
              items={items}
              rowKey={({ id }) => id}
              minWidth={720}
            />
          )}
        </PagedList>
      <Dialog
        opened={adding}
        title={secret === null ? s.addToken : s.tokenTitle}
        kept={secret !== null}
        onClose={close}
      >
        {secret === null ? (
          <TokenForm onDone={({ token }) => setSecret(token)} onCancel={close} />
        ) : (
          <Secret
            label={s.token}
            text={s.onceTokenText}
            kept={s.keptToken}
            secret={secret}
            onClose={close}
          />
        )}
      </Dialog>
      <ConfirmDialog
        opened={revoking}
        title={s.revokeTitle(selected?.name ?? '')}
        text={s.revokeText}
        confirm={s.revoke}
        danger
        pending={revoke.isPending}
        error={revoke.error}
        onConfirm={() => selected && revoke.mutate(selected)}
        onClose={revokeDialog.close}
      />
    </Card>
  );
}
