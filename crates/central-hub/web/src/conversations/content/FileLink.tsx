import { VisuallyHidden } from '@mantine/core';
import { IconDownload, IconFileText } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import type { MouseEvent, ReactNode } from 'react';

import { probeFile } from '../../api/http';
import { useText } from '../../i18n/I18nProvider';
import { saveName, sizeText, typeOf } from '../../lib/fileText';
import type { Media } from '../types';
import classes from './Content.module.css';
import { FileNote } from './FileNote';

interface Props {
  id: number;
  media: Media;
  url: string;
  className?: string | undefined;
  /** An icon, or the file's name. */
  children: ReactNode;
  /** Whether the children are an icon without text, so that the link needs a label. */
  icon?: boolean;
}

/**
 * A download that reports why it fails: the browser itself would store the
 * error response under the file's name.
 */
export function Download({ id, media, url, className, children, icon = false }: Props) {
  const t = useText();
  const name = saveName(media.filename, media.mime, id);
  const probe = useMutation({ mutationFn: () => probeFile(url) });
  async function start(event: MouseEvent<HTMLAnchorElement>) {
    const link = event.currentTarget;
    // Ignores the programmatic click below, and clicks that open a new tab.
    if (!event.isTrusted || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (probe.isPending) return;
    try {
      await probe.mutateAsync();
      link.click();
    } catch {
      // `FileNote` shows the error.
    }
  }
  return (
    <>
      <a
        href={url}
        download={name}
        className={className}
        {...(icon ? { 'aria-label': t.conversations.content.download(name) } : {})}
        aria-busy={probe.isPending || undefined}
        onClick={(event) => void start(event)}
      >
        {children}
      </a>
      <FileNote
        problem={probe.error ?? undefined}
        pending={probe.isPending}
        onRetry={() => probe.reset()}
      />
    </>
  );
}

/** Returns a short file type: `PDF`, `MP4`. */
function kindOf({ filename, mime }: Media): string {
  const ending = /\.([\p{L}\p{N}]{1,5})$/u.exec(filename ?? '')?.[1];
  return (ending ?? typeOf(mime).split('/')[1] ?? '').toUpperCase().slice(0, 12);
}

function FileFacts({ id, media }: { id: number; media: Media }) {
  const { locale } = useText();
  const size = media.size === undefined ? null : sizeText(media.size, locale);
  return (
    <span className={classes.fileWords}>
      <bdi className={classes.fileName}>{saveName(media.filename, media.mime, id)}</bdi>
      <span className={classes.fileFacts}>{[kindOf(media), size].filter(Boolean).join(' · ')}</span>
    </span>
  );
}

/** The download of a document, with its name, type and size. */
export function FileLink({ id, media, url }: { id: number; media: Media; url: string | undefined }) {
  const c = useText().conversations.content;
  const icon = <IconFileText size={28} stroke={1.5} aria-hidden />;
  if (url === undefined)
    return (
      <div className={classes.file}>
        {icon}
        <FileFacts id={id} media={media} />
      </div>
    );
  return (
    <Download id={id} media={media} url={url} className={classes.file}>
      {icon}
      <VisuallyHidden>{c.download('')}</VisuallyHidden>
      <FileFacts id={id} media={media} />
      <IconDownload size={18} aria-hidden />
    </Download>
  );
}
