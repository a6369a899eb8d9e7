import { UnstyledButton } from '@mantine/core';
import { IconPhoto } from '@tabler/icons-react';

import { useText } from '../../i18n/I18nProvider';
import type { Media, Message } from '../types';
import classes from './Content.module.css';
import { FileNote, useProbe } from './FileNote';
import { previewOf, ratioOf, shownUrl } from './preview';

/** The preview of a picture; a click opens it in the viewer. */
export function Picture({
  message,
  media,
  onOpen,
}: {
  message: Message;
  media: Media;
  onOpen: (message: Message) => void;
}) {
  const c = useText().conversations;
  const label = message.mensaje.trim() || (c.kinds['image'] ?? '');
  const preview = previewOf(media);
  const picture = (
    <span className={classes.picture} style={{ aspectRatio: ratioOf(media) }}>
      {preview === undefined ? <IconPhoto size={40} stroke={1.2} aria-hidden /> : <img src={preview} alt="" />}
    </span>
  );
  if (message.media_url === undefined) return picture;
  return (
    <UnstyledButton
      className={classes.open}
      aria-label={c.content.open(label)}
      aria-haspopup="dialog"
      onClick={() => onOpen(message)}
    >
      {picture}
    </UnstyledButton>
  );
}

/** A sticker; it is small and has no preview, so the file itself is shown. */
export function Sticker({ url, kind }: { url: string; kind: string }) {
  const probe = useProbe(url);
  return (
    <>
      {!probe.isIdle ? null : (
        <img
          src={shownUrl(url)}
          alt={kind}
          width={140}
          height={140}
          loading="lazy"
          className={classes.sticker}
          onError={probe.ask}
        />
      )}
      <FileNote problem={probe.problem} pending={probe.isPending} onRetry={() => probe.reset()} />
    </>
  );
}
