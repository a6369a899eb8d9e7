import { lazy, Suspense } from 'react';

import { useText } from '../../i18n/I18nProvider';
import { Dialog } from '../../ui/Dialog';

/** Loaded when opened, since the names of all emoji are large. */
const EmojiPicker = lazy(() => import('../compose/EmojiPicker'));

/** Chooses a reaction among all emoji. */
export function ReactionDialog({ onPick, onClose }: { onPick: (emoji: string) => void; onClose: () => void }) {
  const m = useText().messageActions;
  return (
    <Dialog opened title={m.react} onClose={onClose}>
      <Suspense fallback={null}>
        <EmojiPicker onPick={onPick} onClose={onClose} />
      </Suspense>
    </Dialog>
  );
}
