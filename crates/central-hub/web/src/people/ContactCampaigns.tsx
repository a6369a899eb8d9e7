import { Anchor, Group, Stack, Text, Title } from '@mantine/core';
import { Link } from 'wouter';

import { useLinks } from '../auth/links';
import { useText } from '../i18n/I18nProvider';
import { useFormatDay } from '../live/useFormatTime';
import { RecipientBadge } from '../ui/RecipientBadge';
import type { ContactCampaign } from './types';

interface Props {
  campaigns: readonly ContactCampaign[];
  /** The level of the heading. */
  level: 3 | 4;
}

/** The newest campaigns of a contact, with the contact's state in each. */
export function ContactCampaigns({ campaigns, level }: Props) {
  const s = useText().contacts.detail;
  const formatDay = useFormatDay();
  // Users who only answer have no screens of campaigns.
  const to = useLinks()('campaigns');
  if (campaigns.length === 0) return null;
  return (
    <section aria-label={s.campaigns}>
      <Title order={level} size={level === 3 ? 'h5' : 'h6'}>
        {s.campaigns}
      </Title>
      <Stack gap="xs" mt="xs" component="ul" style={{ listStyle: 'none', padding: 0, margin: 0 }}>
        {campaigns.map(({ id, nombre, estado, fecha }) => (
          <li key={id}>
            <Group gap="xs" wrap="nowrap" justify="space-between" align="baseline">
              <Text size="sm" style={{ minWidth: 0, overflowWrap: 'anywhere' }}>
                {to ? (
                  <Anchor component={Link} to={`${to}/${id}`} size="sm">
                    {nombre}
                  </Anchor>
                ) : (
                  nombre
                )}{' '}
                <Text span size="xs" c="dimmed">
                  {formatDay(fecha)}
                </Text>
              </Text>
              <RecipientBadge estado={estado} />
            </Group>
          </li>
        ))}
      </Stack>
    </section>
  );
}
