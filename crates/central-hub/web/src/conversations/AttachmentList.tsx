import { ActionIcon, Button, Progress, Text } from '@mantine/core';
import {
  IconFileText,
  IconMusic,
  IconPhoto,
  IconVideo,
  IconX,
} from '@tabler/icons-react';
import { useEffect, useState, type ComponentType } from 'react';

import { outcomeIsUnknown } from '../api/outcome';
import type { Dictionary } from '../i18n/es';
import { useText } from '../i18n/I18nProvider';
import { errorText } from '../i18n/lookup';
import { sizeText } from '../lib/fileText';
import { FILE_NOT_CONVERTIBLE, refusalOf, type Attachment, type NotAdded } from './attachments';
import classes from './Conversations.module.css';

type Icon = ComponentType<{ size?: number; stroke?: number; 'aria-hidden'?: boolean }>;

function iconOf({ file }: Attachment): Icon {
  const icons: Record<string, Icon> = { image: IconPhoto, video: IconVideo, audio: IconMusic };
  return icons[file.type.split('/')[0] ?? ''] ?? IconFileText;
}

/** Width and height of a preview in pixels. */
const PREVIEW = 44;

/** Returns a small preview of an image file as a data URL: the page's CSP permits no blob URL. */
function usePreview(file: File): string | null {
  const [preview, setPreview] = useState<string | null>(null);
  useEffect(() => {
    if (!/^image\/(jpeg|png|webp|gif)$/.test(file.type)) return;
    let isGone = false;
    createImageBitmap(file, { resizeWidth: PREVIEW * 2, resizeQuality: 'medium' })
      .then((bitmap) => {
        const canvas = document.createElement('canvas');
        canvas.width = bitmap.width;
        canvas.height = Math.min(bitmap.height, PREVIEW * 4);
        canvas.getContext('2d')?.drawImage(bitmap, 0, 0);
        bitmap.close();
        if (!isGone) setPreview(canvas.toDataURL('image/jpeg', 0.7));
      })
      // Keeps the icon.
      .catch(() => undefined);
    return () => {
      isGone = true;
    };
  }, [file]);
  return preview;
}

function problemText(t: Dictionary, { error, fileId }: Attachment): string {
  if (!error) return '';
  const { problems, brokeOff } = t.conversations.attach;
  const code = refusalOf(error);
  if (code !== null && Object.hasOwn(problems, code)) return problems[code] ?? '';
  if (!outcomeIsUnknown(error)) return errorText(t, error);
  // Without its file a message cannot have been sent.
  return fileId === null ? brokeOff : t.conversations.unknown;
}

function Row({
  attachment,
  locked,
  onRemove,
  onAsDocument,
}: {
  attachment: Attachment;
  locked: boolean;
  onRemove: () => void;
  onAsDocument: () => void;
}) {
  const t = useText();
  const a = t.conversations.attach;
  const { file, name, part, fileId, error } = attachment;
  const preview = usePreview(file);
  const Sign = iconOf(attachment);
  const percent = Math.round((part ?? 0) * 100);
  return (
    <li className={classes.attachment} data-attachment={name}>
      {preview === null ? (
        <Sign size={26} stroke={1.5} aria-hidden />
      ) : (
        <img src={preview} alt="" width={PREVIEW} height={PREVIEW} className={classes.preview} />
      )}
      <div className={classes.attachmentWords}>
        <Text size="sm" truncate>
          <bdi>{name}</bdi>{' '}
          <Text span size="xs" c="dimmed">
            {sizeText(file.size, t.locale)}
          </Text>
        </Text>
        {part !== null && (
          <>
            <Text size="xs" c="dimmed">
              {fileId === null ? a.uploading(percent) : a.sending}
            </Text>
            <Progress value={percent} size="sm" aria-label={a.progressOf(name)} />
          </>
        )}
        {error && (
          <Text size="xs" c="var(--mantine-color-error)" role="alert">
            {problemText(t, attachment)}
          </Text>
        )}
        {error && refusalOf(error) === FILE_NOT_CONVERTIBLE && (
          <Button size="compact-xs" variant="light" disabled={locked} onClick={onAsDocument}>
            {a.asDocument}
          </Button>
        )}
      </div>
      <ActionIcon
        variant="subtle"
        color="gray"
        size={36}
        aria-label={a.remove(name)}
        // The message can no longer be cancelled once its file is uploaded.
        disabled={locked && fileId !== null && part !== null}
        onClick={onRemove}
      >
        <IconX size={18} aria-hidden />
      </ActionIcon>
    </li>
  );
}

interface Props {
  list: readonly Attachment[];
  notAdded: NotAdded;
  /** Whether a folder was dropped, which cannot be sent. */
  hadFolder: boolean;
  isSending: boolean;
  onRemove: (key: string) => void;
  onAsDocument: (key: string) => void;
}

/** The files of an answer with their upload progress. */
export function AttachmentList({ list, notAdded, hadFolder, isSending, onRemove, onAsDocument }: Props) {
  const a = useText().conversations.attach;
  const { left, empty } = notAdded;
  return (
    <>
      {list.length > 0 && (
        <ul className={classes.attachments} aria-label={a.list}>
          {list.map((attachment) => (
            <Row
              key={attachment.key}
              attachment={attachment}
              locked={isSending}
              onRemove={() => onRemove(attachment.key)}
              onAsDocument={() => onAsDocument(attachment.key)}
            />
          ))}
        </ul>
      )}
      <div role="status">
        {left > 0 && <Text size="xs">{a.left(left)}</Text>}
        {empty.length > 0 && <Text size="xs">{a.empty(empty.join(', '))}</Text>}
        {hadFolder && <Text size="xs">{a.folder}</Text>}
      </div>
    </>
  );
}
