import { Suspense } from 'react';

import { useOnceTrue } from '../lib/useOnceTrue';
import type { ConfirmDialogProps } from './ConfirmDialogBox';
import { lazyWithStyles } from './lazyWithStyles';

/** Loaded when first opened: the components of a dialog are a tenth of the first visit. */
const ConfirmDialogBox = lazyWithStyles(() => import('./ConfirmDialogBox'));

/** A confirmation dialog for an action that cannot be undone. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  if (!useOnceTrue(props.opened)) return null;
  return (
    <Suspense fallback={null}>
      <ConfirmDialogBox {...props} />
    </Suspense>
  );
}
