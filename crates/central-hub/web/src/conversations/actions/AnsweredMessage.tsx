import { CloseButton, Text } from '@mantine/core';

import { useText } from '../../i18n/I18nProvider';
import { summary } from '../thread';
import type { Message } from '../types';
import classes from './Actions.module.css';

interface Props {
  message: Message;
  /** The contact's displayed name. */
  who: string;
  onClose: () => void;
}

/** The quoted message, above the answer box. */
export function AnsweredMessage({ message, who, onClose }: Props) {
  const t = useText();
  const m = t.messageActions;
  const from = message.direccion === 'saliente' ? t.conversations.content.you : who;
  return (
    <div className={classes.answered} data-testid="answered">
      <div className={classes.answeredWords}>
        <Text size="xs" fw={600}>
          {m.answering(from)}
        </Text>
        <Text size="sm" truncate>
          {summary(t, message)}
        </Text>
      </div>
      <CloseButton aria-label={m.noAnswer} onClick={onClose} />
    </div>
  );
}
