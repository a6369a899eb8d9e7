import { Suspense } from 'react';

import { part } from './part';

const PreferenceControls = part(() => import('./PreferenceControls'));

/** The language and the color scheme, which are loaded beside the screen. */
export function Preferences() {
  return (
    <Suspense fallback={null}>
      <PreferenceControls />
    </Suspense>
  );
}
