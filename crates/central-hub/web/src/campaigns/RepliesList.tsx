import { Anchor, Group, Stack, Text, Title } from '@mantine/core';
import { Link } from 'wouter';

import { useText } from '../i18n/I18nProvider';
import { numberOf } from '../lib/phone';
import { ROUTES } from '../lib/routes';
import { useFormatTime, useFormatShortTime } from '../live/useFormatTime';
import { useReplies } from './api';
import classes from './Message.module.css';
import type { Campaign, Person } from './types';

/** Who answered the campaign, and who opted out after its message. */
export function RepliesList({ campaign }: { campaign: Campaign }) {
  const t = useText();
  const s = t.campaigns;
  const { data } = useReplies(campaign);
  if (!data || data.respuestas.total + data.bajas.total === 0) return null;
  const { respuestas, bajas } = data;
  const formatCount = (count: number) => count.toLocaleString(t.locale);
  const percent = Math.round((respuestas.total / Math.max(1, campaign.enviados)) * 100);
  return (
    <Group align="flex-start" gap="xl" data-testid="replies">
      {respuestas.total > 0 && (
        <People
          title={s.answers(respuestas.total, formatCount(respuestas.total), percent)}
          all={`${ROUTES.messages}?campania_id=${campaign.id}&direccion=entrante`}
          people={respuestas.personas}
          total={respuestas.total}
        />
      )}
      {bajas.total > 0 && (
        <People
          title={s.optedOut(bajas.total, formatCount(bajas.total))}
          all={ROUTES.optOuts}
          people={bajas.personas}
          total={bajas.total}
        />
      )}
    </Group>
  );
}

interface Props {
  title: string;
  /** Path of the screen that lists all of these contacts. */
  all: string;
  people: readonly Person[];
  total: number;
}

function People({ title, all, people, total }: Props) {
  const t = useText();
  const formatTime = useFormatTime();
  const formatShortTime = useFormatShortTime();
  const hiddenCount = total - people.length;
  return (
    <Stack gap={6} style={{ flex: '1 1 240px' }}>
      <Title order={3} size="h6">
        {title}
      </Title>
      <ul className={classes.people} aria-label={title}>
        {people.map((person) => {
          const who = person.nombre ?? numberOf(person);
          return (
            <li key={person.chat}>
              <Group gap="xs" justify="space-between" wrap="nowrap">
                {person.telefono ? (
                  <Anchor
                    component={Link}
                    size="sm"
                    to={`${ROUTES.conversations}/${person.telefono}`}
                  >
                    {who}
                  </Anchor>
                ) : (
                  <Text size="sm">{who}</Text>
                )}
                <Text
                  size="xs"
                  c="dimmed"
                  component="time"
                  dateTime={person.fecha}
                  title={formatTime(person.fecha)}
                >
                  {formatShortTime(person.fecha)}
                </Text>
              </Group>
            </li>
          );
        })}
      </ul>
      {hiddenCount > 0 && (
        <Anchor component={Link} size="sm" to={all}>
          {t.campaigns.others(hiddenCount.toLocaleString(t.locale))}
        </Anchor>
      )}
    </Stack>
  );
}
