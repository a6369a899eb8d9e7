import { lazy, Suspense } from 'react';

/** Asked for once in the life of an installation: not part of what every visit loads. */
const OperatorLetter = lazy(() => import('./OperatorLetter'));

/** A message for whoever installed the server, with the very commands in it. */
export function OperatorHelp({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  if (!opened) return null;
  return (
    <Suspense fallback={null}>
      <OperatorLetter onClose={onClose} />
    </Suspense>
  );
}
