import { ActionIcon, Group, Text } from '@mantine/core';
import { useWindowEvent } from '@mantine/hooks';
import { IconChevronLeft, IconChevronRight, IconDownload } from '@tabler/icons-react';
import { useState } from 'react';

import { useText } from '../../i18n/I18nProvider';
import { useFormatTime } from '../../live/useFormatTime';
import { Dialog } from '../../ui/Dialog';
import type { Message } from '../types';
import classes from './Content.module.css';
import { Download } from './FileLink';
import { FileNote, useProbe } from './FileNote';
import { previewOf, shownUrl } from './preview';

interface Props {
  pictures: readonly Message[];
  /** The id of the open picture's message; null if the viewer is closed. */
  shown: number | null;
  who: string;
  onShow: (id: number) => void;
  onClose: () => void;
}

/** A viewer of a conversation's pictures, picture at a time. */
export function Viewer({ pictures, shown, who, onShow, onClose }: Props) {
  const t = useText();
  const c = t.conversations;
  const formatTime = useFormatTime();
  const at = pictures.findIndex((picture) => picture.id === shown);
  const message = pictures[at];
  const before = pictures[at - 1];
  const after = at === -1 ? undefined : pictures[at + 1];
  // Listens on the window, so that the arrow keys work wherever the focus is.
  useWindowEvent('keydown', ({ key }) => {
    const to = { ArrowLeft: before, ArrowRight: after }[key];
    if (message && to) onShow(to.id);
  });
  const title = message ? `${message.direccion === 'saliente' ? c.content.you : who}, ${formatTime(message.fecha)}` : '';
  return (
    <Dialog opened={message !== undefined} title={title} size="xl" onClose={onClose}>
      {message && (
        <div>
          <Large key={message.id} message={message} />
          <Group justify="center" gap="sm" mt="xs">
            <ActionIcon
              variant="default"
              size={44}
              aria-label={c.content.previous}
              disabled={!before}
              onClick={() => before && onShow(before.id)}
            >
              <IconChevronLeft size={20} aria-hidden />
            </ActionIcon>
            <Text size="sm" aria-live="polite">
              {c.content.position(at + 1, pictures.length)}
            </Text>
            <ActionIcon
              variant="default"
              size={44}
              aria-label={c.content.next}
              disabled={!after}
              onClick={() => after && onShow(after.id)}
            >
              <IconChevronRight size={20} aria-hidden />
            </ActionIcon>
          </Group>
        </div>
      )}
    </Dialog>
  );
}

function Large({ message }: { message: Message }) {
  const c = useText().conversations;
  const url = message.media_url ?? '';
  const probe = useProbe(url);
  const [isLoaded, setLoaded] = useState(false);
  const preview = message.media && previewOf(message.media);
  const failed = !probe.isIdle;
  return (
    <>
      <div
        className={classes.large}
        style={isLoaded || preview === undefined ? undefined : { backgroundImage: `url(${preview})` }}
      >
        {!failed && (
          <img
            src={shownUrl(url)}
            alt={message.mensaje.trim() || (c.kinds['image'] ?? '')}
            onLoad={() => setLoaded(true)}
            onError={probe.ask}
          />
        )}
      </div>
      <FileNote
        problem={probe.problem}
        pending={probe.isPending || (!failed && !isLoaded)}
        onRetry={() => probe.reset()}
      />
      <Group justify="space-between" wrap="nowrap" mt="xs" align="flex-start">
        <Text size="sm" className={classes.text}>
          {message.mensaje}
        </Text>
        {message.media && (
          <div>
            <Download id={message.id} media={message.media} url={url} className={classes.save} icon>
              <IconDownload size={20} aria-hidden />
            </Download>
          </div>
        )}
      </Group>
    </>
  );
}
