import { Modal } from '@mantine/core';
import type { ReactNode } from 'react';

import { useText } from '../i18n/I18nProvider';

interface Props {
  opened: boolean;
  title: string;
  onClose: () => void;
  size?: string | number;
  /**
   * For content shown only once: neither Esc nor a click outside closes it,
   * only its own button.
   */
  kept?: boolean;
  children: ReactNode;
}

/** A dialog with a title and a close button; closing it restores the focus. */
export function Dialog({ opened, title, onClose, size = 'md', kept = false, children }: Props) {
  const t = useText();
  return (
    <Modal.Root
      opened={opened}
      onClose={onClose}
      size={size}
      centered
      closeOnEscape={!kept}
      closeOnClickOutside={!kept}
      classNames={{ content: 'lm-surface' }}
    >
      <Modal.Overlay backgroundOpacity={0.5} />
      {/* No Modal.Header: it would be a second banner landmark. */}
      <Modal.Content>
        <Modal.Body p={{ base: 'md', sm: 'lg' }}>
          <div
            style={{
              display: 'flex',
              alignItems: 'flex-start',
              justifyContent: 'space-between',
              gap: 12,
              marginBottom: 16,
            }}
          >
            <Modal.Title fz="lg" fw={650} component="h2">
              {title}
            </Modal.Title>
            {!kept && <Modal.CloseButton aria-label={t.app.close} m={0} />}
          </div>
          {children}
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
