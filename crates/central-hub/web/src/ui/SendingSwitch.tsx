import { Button, type ButtonProps } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconHandStop, IconPlayerPlay } from '@tabler/icons-react';

import { useText } from '../i18n/I18nProvider';
import { useSending, useSwitchSending } from '../live/useSending';
import { ConfirmDialog } from './ConfirmDialog';

/** Stops or resumes all sending, after a confirmation. */
export function SendingSwitch(props: ButtonProps) {
  const s = useText().sending;
  const sending = useSending();
  const [asking, dialog] = useDisclosure(false);
  const turn = useSwitchSending(dialog.close);
  if (!sending) return null;
  const stopped = sending.detenido;
  return (
    <>
      <Button
        variant={stopped ? 'filled' : 'default'}
        leftSection={
          stopped ? <IconPlayerPlay size={16} aria-hidden /> : <IconHandStop size={16} aria-hidden />
        }
        onClick={() => {
          turn.reset();
          dialog.open();
        }}
        {...props}
      >
        {stopped ? s.resume : s.stop}
      </Button>
      <ConfirmDialog
        opened={asking}
        title={stopped ? s.resumeTitle : s.stopTitle}
        text={stopped ? s.resumeText : s.stopText}
        confirm={stopped ? s.resume : s.stop}
        danger={!stopped}
        pending={turn.isPending}
        error={turn.error}
        onConfirm={() => turn.mutate(!stopped)}
        onClose={dialog.close}
      />
    </>
  );
}
