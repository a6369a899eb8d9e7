import { Text } from '@mantine/core';

import { useText } from '../../i18n/I18nProvider';
import { RichText } from '../RichText';
import { hasOwnText, kindOf, kindText } from '../thread';
import type { Message } from '../types';
import classes from './Content.module.css';
import { FileLink } from './FileLink';
import {
  AdOrigin,
  Cards,
  Choice,
  Deleted,
  Forwarded,
  MissedCall,
  OrderCard,
  PlaceCard,
  PollCard,
  Quote,
  ViewOnce,
} from './Parts';
import { Picture, Sticker } from './Picture';
import { Player } from './Player';
import { isPicture } from './preview';

interface Props {
  message: Message;
  /** The contact's displayed name. */
  who: string;
  /** Opens a picture in the viewer. */
  onOpen: (message: Message) => void;
  /** Jumps to the message with this WhatsApp id. */
  onJump: (messageId: string) => void;
}

/** The type of a message whose content is not rendered. */
function Kind({ children }: { children: string }) {
  return (
    <Text size="xs" fw={600} fs="italic">
      {children}
    </Text>
  );
}

/** The file of a message, rendered according to its type. */
function File({ message, onOpen }: Pick<Props, 'message' | 'onOpen'>) {
  const t = useText();
  const c = t.conversations;
  const { id, media, media_url: url, tipo } = message;
  if (!media) return null;
  const kind = kindText(t, kindOf(message)) ?? kindText(t, 'document') ?? '';
  if (message.view_once)
    return (
      <>
        <Kind>{kind}</Kind>
        <ViewOnce />
      </>
    );
  if (url === undefined)
    return (
      <>
        {isPicture(message) ? (
          <Picture message={message} media={media} onOpen={onOpen} />
        ) : tipo === 'document' ? (
          <FileLink id={id} media={media} url={undefined} />
        ) : (
          <Kind>{kind}</Kind>
        )}
        <Text size="xs">{c.content.gone}</Text>
      </>
    );
  if (tipo === 'sticker') return <Sticker url={url} kind={kind} />;
  if (tipo === 'document') return <FileLink id={id} media={media} url={url} />;
  if (isPicture(message)) return <Picture message={message} media={media} onOpen={onOpen} />;
  const film = media.mime.startsWith('video/');
  if (film || media.mime.startsWith('audio/'))
    return <Player id={id} media={media} url={url} kind={kind} film={film} />;
  return <FileLink id={id} media={media} url={url} />;
}

/** Returns whether a message has content other than its type and text. */
const isDrawn = (message: Message): boolean =>
  message.media !== undefined || !hasOwnText(message) || message.view_once === true;

/** The content of a message: file, text, quote and origin. */
export function MessageContent({ message, who, onOpen, onJump }: Props) {
  const t = useText();
  if (message.deleted_at !== undefined)
    return <Deleted byUs={message.direccion === 'saliente'} who={who} />;
  if (message.tipo === 'call') return <MissedCall video={message.video === true} />;
  const kind = isDrawn(message) ? null : kindText(t, kindOf(message));
  return (
    <>
      {message.forwarded && <Forwarded />}
      {message.ad && <AdOrigin ad={message.ad} />}
      {message.quoted && <Quote quoted={message.quoted} who={who} onJump={onJump} />}
      {kind && <Kind>{kind}</Kind>}
      {kind && message.archivo && <bdi className={classes.sentName}>{message.archivo}</bdi>}
      {message.view_once && !message.media && <ViewOnce />}
      <File message={message} onOpen={onOpen} />
      {message.location && <PlaceCard place={message.location} />}
      {message.contacts && <Cards cards={message.contacts} />}
      {message.poll && <PollCard poll={message.poll} />}
      {message.order && <OrderCard order={message.order} />}
      {message.selected && <Choice selected={message.selected} />}
      {message.mensaje && hasOwnText(message) && (
        <div className={classes.text}>
          <RichText text={message.mensaje} />
        </div>
      )}
    </>
  );
}
