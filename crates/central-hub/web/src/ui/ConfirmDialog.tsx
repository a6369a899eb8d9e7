import { Suspense, useState } from 'react';

import type { ConfirmDialogProps } from './ConfirmDialogBox';
import { lazyWithStyles } from './lazyWithStyles';

/** Loaded when first opened: the components of a dialog are a tenth of the first visit. */
const ConfirmDialogBox = lazyWithStyles(() => import('./ConfirmDialogBox'));

/** A confirmation dialog for an action that cannot be undone. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const [needed, setNeeded] = useState(props.opened);
  if (props.opened && !needed) setNeeded(true);
  if (!needed) return null;
  return (
    <Suspense fallback={null}>
      <ConfirmDialogBox {...props} />
    </Suspense>
  );
}
