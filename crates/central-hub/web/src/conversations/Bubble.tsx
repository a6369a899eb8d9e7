import { Anchor, Text } from '@mantine/core';
import {
  IconAlertCircle,
  IconBan,
  IconCheck,
  IconChecks,
  IconClock,
  IconFlask,
  IconHelp,
} from '@tabler/icons-react';
import { memo, type ComponentType } from 'react';
import { Link } from 'wouter';

import { useLinks } from '../auth/links';
import { useText } from '../i18n/I18nProvider';
import { clockText, timestampText } from '../lib/days';
import { useCampaignName } from '../live/campaignName';
import type { MessageStateName } from '../ui/MessageState';
import { type Action, MessageActions } from './actions/MessageActions';
import classes from './Conversations.module.css';
import { MessageContent } from './content/MessageContent';
import { Edited, Reactions } from './content/Parts';
import { failureText } from './thread';
import type { Message } from './types';

type Icon = ComponentType<{ size?: number; 'aria-hidden'?: boolean }>;

const TICKS: Record<MessageStateName, Icon | null> = {
  pendiente: IconClock,
  enviando: IconClock,
  sin_confirmar: IconHelp,
  enviado: IconCheck,
  entregado: IconChecks,
  leido: IconChecks,
  reproducido: IconChecks,
  fallido: IconAlertCircle,
  simulado: IconFlask,
  cancelado: IconBan,
  recibido: null,
};

/** States that are shown as text in addition to the ticks. */
const STATES_WITH_TEXT: ReadonlySet<MessageStateName> = new Set([
  'pendiente',
  'sin_confirmar',
  'fallido',
  'simulado',
  'cancelado',
]);

function Ticks({ estado }: { estado: MessageStateName }) {
  const t = useText();
  const Tick = TICKS[estado];
  if (!Tick) return null;
  const words = t.messageStates[estado];
  return (
    <span className={classes.ticks} data-estado={estado} title={words}>
      <Tick size={15} aria-hidden />
      {STATES_WITH_TEXT.has(estado) ? <span>{words}</span> : <span className={classes.hidden}>{words}</span>}
    </span>
  );
}

/** A separate component because it runs a query, which most messages do not need. */
function CampaignLink({ id, isOut }: { id: number; isOut: boolean }) {
  const t = useText();
  const c = t.conversations;
  const campaigns = useLinks()('campaigns');
  const name = useCampaignName(id) ?? t.schedules.unnamed(id);
  if (!campaigns) return null;
  return (
    <Anchor component={Link} to={`${campaigns}/${id}`} size="xs" underline="always">
      {isOut ? c.campaign(name) : c.answersCampaign(name)}
    </Anchor>
  );
}

interface Props {
  message: Message;
  zone: string;
  /** The contact's displayed name. */
  who: string;
  /** Highlighted, after a jump to this message. */
  lit: boolean;
  onOpen: (message: Message) => void;
  onJump: (messageId: string) => void;
  /** Whether the contact opted out. */
  closed: boolean;
  onAct: (message: Message, action: Action) => void;
}

/**
 * A message with its state. Memoized: a conversation has thousands of messages. What each of them has
 * is plain HTML, since Mantine's components take most of the time of a frame while scrolling.
 */
export const Bubble = memo(function Bubble({
  message,
  zone,
  who,
  lit,
  onOpen,
  onJump,
  closed,
  onAct,
}: Props) {
  const t = useText();
  const c = t.conversations;
  const isOut = message.direccion === 'saliente';
  const { campañaId } = message;
  const failure = isOut ? failureText(t, message) : null;
  return (
    <article
      className={classes.bubble}
      data-direction={message.direccion}
      data-message={message.id}
      data-lit={lit || undefined}
      tabIndex={-1}
    >
      <span className={classes.hidden}>{isOut ? c.fromYou : c.fromThem}</span>
      <MessageContent message={message} who={who} onOpen={onOpen} onJump={onJump} />
      {failure && (
        <Text size="xs" c="var(--mantine-color-error)">
          {failure}
        </Text>
      )}
      <div className={classes.foot}>
        {campañaId !== null && <CampaignLink id={campañaId} isOut={isOut} />}
        {message.edits && message.edits.length > 0 && <Edited edits={message.edits} zone={zone} />}
        <time dateTime={message.fecha} title={timestampText(message.fecha, Date.now(), zone, t.locale, t.dates)}>
          {clockText(message.fecha, zone, t.locale)}
        </time>
        {isOut && <Ticks estado={message.estado} />}
        <MessageActions message={message} closed={closed} onAct={onAct} />
      </div>
      {message.reactions && message.reactions.length > 0 && (
        <Reactions reactions={message.reactions} chat={message.chat} who={who} />
      )}
    </article>
  );
});
