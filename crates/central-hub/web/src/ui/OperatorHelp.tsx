import { Suspense } from 'react';

import { lazyWithStyles } from './lazyWithStyles';

/** Loaded when opened, since it is needed about once per installation. */
const OperatorLetter = lazyWithStyles(() => import('./OperatorLetter'));

/** A message to the server's operator, with the commands to run. */
export function OperatorHelp({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  if (!opened) return null;
  return (
    <Suspense fallback={null}>
      <OperatorLetter onClose={onClose} />
    </Suspense>
  );
}
