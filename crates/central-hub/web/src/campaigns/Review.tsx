import { Anchor, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';

import { useText } from '../i18n/I18nProvider';
import { ROUTES } from '../lib/routes';
import { useMoment } from '../live/useMoment';
import { Surface } from '../ui/Surface';
import { campaignKey, getRecipients, useStats } from './api';
import { useOwnSchedules } from './useStanding';

/** Returns the message text of the first recipient. */
const useSample = (id: number) =>
  useQuery({
    queryKey: [...campaignKey(id), 'sample'],
    queryFn: ({ signal }) => getRecipients(id, 'pendiente', null, signal),
    select: ({ items }) => items[0],
    staleTime: 0,
  });

/** A review before sending: sample text, skipped recipients, estimated end. */
export function Review({ id }: { id: number }) {
  const t = useText();
  const r = t.campaigns.review;
  const moment = useMoment();
  const { data: campaign } = useStats(id);
  const sample = useSample(id).data;
  const schedules = useOwnSchedules(id).data;
  const revision = campaign?.revision;
  if (!campaign || !revision) return null;
  const quotas = (schedules ?? []).flatMap(({ cupo_diario, estado }) =>
    estado === 'rechazada' || cupo_diario === null ? [] : [cupo_diario],
  );
  const perDay = quotas.reduce((sum, quota) => sum + quota, 0);
  const left = campaign.pendientes - revision.pidieron_baja;
  const people = t.campaigns.people(left, left.toLocaleString(t.locale));
  const when = revision.termina && moment(revision.termina);
  const waits = schedules?.some(({ estado }) => estado === 'pendiente') === true;
  return (
    <Stack gap="sm" data-testid="review">
      {sample && (
        <div>
          <Text size="sm" c="dimmed">
            {r.sample(sample.nombre ?? sample.destinatario)}
          </Text>
          <Surface p="sm" mt={4}>
            <Text size="sm" style={{ whiteSpace: 'pre-wrap' }} data-testid="review-sample">
              {sample.texto}
            </Text>
          </Surface>
        </div>
      )}
      <ul style={{ margin: 0, paddingInlineStart: 20 }}>
        <li>
          <Text size="sm" span data-testid="review-when">
            {revision.sin_horario
              ? r.always(people, when)
              : when === null
                ? r.datesTooShort(people)
                : perDay > 0
                  ? r.ends(people, perDay.toLocaleString(t.locale), when)
                  : r.endsAt(people, when)}
          </Text>{' '}
          {revision.sin_horario && (
            <Anchor component={Link} size="sm" to={`${ROUTES.schedules}?campania=${id}`}>
              {t.campaigns.ways.schedule}
            </Anchor>
          )}
        </li>
        {revision.pidieron_baja > 0 && (
          <li>
            <Text size="sm" span>
              {r.leftOut(revision.pidieron_baja, revision.pidieron_baja.toLocaleString(t.locale))}
            </Text>
          </li>
        )}
        {waits && (
          <li>
            <Text size="sm" span>
              {r.approvesToo}
            </Text>
          </li>
        )}
      </ul>
    </Stack>
  );
}
