import { Badge } from '@mantine/core';

import { useText } from '../i18n/I18nProvider';
import type { Dictionary } from '../i18n/es';

export type RecipientStateName = keyof Dictionary['campaigns']['recipients']['states'];

const COLORS: Record<RecipientStateName, string> = {
  pendiente: 'gray',
  en_cola: 'gray',
  enviado: 'brand',
  fallido: 'red',
  simulado: 'yellow',
  omitido: 'gray',
};

/** The state of a campaign's recipient. */
export function RecipientBadge({ estado }: { estado: RecipientStateName }) {
  const t = useText();
  return (
    <Badge variant="light" tt="none" color={COLORS[estado] ?? 'gray'} miw="max-content">
      {t.campaigns.recipients.states[estado] ?? estado}
    </Badge>
  );
}
