import { Anchor, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'wouter';

import { useText } from '../i18n/I18nProvider';
import { formatPhone } from '../lib/phone';
import { ROUTES } from '../lib/routes';
import { useFormatTime } from '../live/useFormatTime';
import { useImports, useSample } from './api';
import { Bubble } from './Bubble';
import type { CampaignStats } from './types';
import { useOwnSchedules } from './useStanding';

/** The effect of an approval: a sample text, the dates, and who is left out and why. */
export function Review({ campaign }: { campaign: CampaignStats }) {
  const t = useText();
  const r = t.campaigns.review;
  const formatTime = useFormatTime();
  const { id, revision } = campaign;
  const sample = useSample(id).data;
  const schedules = useOwnSchedules(id).data;
  const imports = useImports(id).data?.importaciones ?? [];
  if (!revision) return null;
  const quotas = (schedules ?? []).flatMap(({ cupo_diario, estado }) =>
    estado === 'rechazada' || cupo_diario === null ? [] : [cupo_diario],
  );
  const perDay = quotas.reduce((sum, quota) => sum + quota, 0);
  const remaining = campaign.pendientes - revision.pidieron_baja;
  const formatCount = (count: number) => count.toLocaleString(t.locale);
  const people = t.campaigns.people(remaining, formatCount(remaining));
  const endText = revision.termina && formatTime(revision.termina);
  const waits = schedules?.some(({ estado }) => estado === 'pendiente') === true;
  const rejected = imports.reduce((sum, { rechazados }) => sum + rechazados, 0);
  const [, ...others] = revision.paises;
  const countries = others.map(({ pais, aceptados }) => `${pais} ${formatCount(aceptados)}`).join(', ');
  // Line numbers are ambiguous with more than one list.
  const lines = imports.length === 1 ? (imports[0]?.lineas_de_otro_pais ?? []) : [];
  const repeated = imports.reduce((sum, { duplicados }) => sum + duplicados, 0);
  return (
    <Stack gap="sm" data-testid="review">
      {sample && (
        <div style={{ maxWidth: 460 }}>
          <Bubble
            testid="review-sample"
            title={r.sample(sample.nombre ?? formatPhone(sample.destinatario))}
            text={sample.texto}
          />
        </div>
      )}
      <ul style={{ margin: 0, paddingInlineStart: 20 }}>
        <Line testid="review-when">
          {revision.sin_horario
            ? r.always(people, endText)
            : endText === null
              ? r.datesTooShort(people)
              : perDay > 0
                ? r.ends(people, formatCount(perDay), endText)
                : r.endsAt(people, endText)}
        </Line>
        {revision.pidieron_baja > 0 && (
          <Line testid="review-opted-out">
            {r.leftOut(revision.pidieron_baja, formatCount(revision.pidieron_baja))}{' '}
            <Anchor component={Link} inherit to={ROUTES.optOuts}>
              {t.optOuts.title}
            </Anchor>
          </Line>
        )}
        {revision.de_otro_pais > 0 && (
          <Line testid="review-other-country">
            {r.otherCountry(revision.de_otro_pais, formatCount(revision.de_otro_pais), countries)}
            {lines.length > 0 && ` ${r.otherCountryLines(lines.slice(0, 10).join(', '))}`}
          </Line>
        )}
        {rejected > 0 && <Line testid="review-refused">{r.refused(rejected, formatCount(rejected))}</Line>}
        {repeated > 0 && (
          <Line testid="review-repeated">{r.repeated(repeated, formatCount(repeated))}</Line>
        )}
        {waits && <Line testid="review-approves">{r.approvesToo}</Line>}
      </ul>
    </Stack>
  );
}

function Line({ testid, children }: { testid: string; children: ReactNode }) {
  return (
    <li>
      <Text size="sm" span data-testid={testid}>
        {children}
      </Text>
    </li>
  );
}
