import { Badge } from '@mantine/core';

import { useText } from '../i18n/I18nProvider';
import type { RecipientState } from './types';

const COLORS: Record<RecipientState, string> = {
  pendiente: 'gray',
  en_cola: 'gray',
  enviado: 'brand',
  fallido: 'red',
  simulado: 'yellow',
  omitido: 'gray',
};

/** The state of a recipient. */
export function RecipientBadge({ estado }: { estado: RecipientState }) {
  const t = useText();
  return (
    <Badge variant="light" tt="none" color={COLORS[estado] ?? 'gray'}>
      {t.campaigns.recipients.states[estado] ?? estado}
    </Badge>
  );
}
