import { IconDownload } from '@tabler/icons-react';
import { useState } from 'react';

import { useText } from '../../i18n/I18nProvider';
import { playText, sizeText } from '../../lib/fileText';
import type { Media } from '../types';
import classes from './Content.module.css';
import { Download } from './FileLink';
import { FileNote, useProbe } from './FileNote';
import { previewOf, ratioOf, shownUrl } from './preview';

interface Props {
  id: number;
  media: Media;
  url: string;
  /** The type of the file in words, for screen readers. */
  kind: string;
  film: boolean;
}

/** The player of a voice message, an audio file or a video, which is fetched when played. */
export function Player({ id, media, url, kind, film }: Props) {
  const { locale } = useText();
  const probe = useProbe(url);
  const [attempt, setAttempt] = useState(0);
  const facts = [
    media.seconds === undefined ? null : playText(media.seconds),
    film && media.size !== undefined ? sizeText(media.size, locale) : null,
  ].filter(Boolean);
  const shared = {
    src: shownUrl(url),
    controls: true,
    preload: 'none',
    onError: probe.ask,
    'aria-label': [kind, ...facts].join(', '),
  } as const;
  return (
    <div>
      {film ? (
        <video
          key={attempt}
          {...shared}
          playsInline
          poster={previewOf(media)}
          className={classes.film}
          style={{ aspectRatio: ratioOf(media) }}
        />
      ) : (
        <audio key={attempt} {...shared} className={classes.sound} />
      )}
      <FileNote
        problem={probe.problem}
        pending={probe.isPending}
        onRetry={() => {
          probe.reset();
          setAttempt(attempt + 1);
        }}
      />
      <div className={classes.facts}>
        <span>{[kind, ...facts].join(' · ')}</span>
        <Download id={id} media={media} url={url} className={classes.save} icon>
          <IconDownload size={16} aria-hidden />
        </Download>
      </div>
    </div>
  );
}
