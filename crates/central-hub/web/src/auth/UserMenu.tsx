import { Button, Group, Text } from '@mantine/core';
import { IconUser } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';

import { ActionError } from '../ui/ActionError';
import { useText } from '../i18n/I18nProvider';
import { useAuth } from './AuthProvider';

/** The signed-in user and the sign-out button; empty if no sign-in is required. */
export function UserMenu() {
  const t = useText();
  const { me, signOut } = useAuth();
  const leaving = useMutation({ mutationFn: async () => signOut?.() });
  if (!signOut) return null;
  return (
    <section aria-label={t.auth.session}>
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <Group gap={6} wrap="nowrap" style={{ minWidth: 0 }}>
          <IconUser size={18} stroke={1.6} aria-hidden style={{ flexShrink: 0 }} />
          <Text size="sm" fw={500} truncate data-testid="user-name">
            {me.user?.username ?? t.auth.program}
          </Text>
        </Group>
        <Button
          size="compact-sm"
          variant="subtle"
          color="gray"
          px={6}
          loading={leaving.isPending}
          onClick={() => leaving.mutate()}
        >
          {t.auth.signOut}
        </Button>
      </Group>
      <ActionError error={leaving.error} />
    </section>
  );
}
