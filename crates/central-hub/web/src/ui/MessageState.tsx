import { Badge } from '@mantine/core';

import { useText } from '../i18n/I18nProvider';
import type { Dictionary } from '../i18n/es';

export type MessageStateName = keyof Dictionary['messageStates'];

const COLORS: Record<MessageStateName, string> = {
  pendiente: 'gray',
  enviando: 'gray',
  sin_confirmar: 'yellow',
  enviado: 'brand',
  entregado: 'brand',
  leido: 'brand',
  reproducido: 'brand',
  fallido: 'red',
  simulado: 'yellow',
  cancelado: 'gray',
  recibido: 'gray',
};

/** The state of a message or a recipient. */
export function MessageState({ estado }: { estado: MessageStateName }) {
  const t = useText();
  return (
    <Badge variant="light" tt="none" color={COLORS[estado] ?? 'gray'} miw="max-content">
      {t.messageStates[estado] ?? estado}
    </Badge>
  );
}
