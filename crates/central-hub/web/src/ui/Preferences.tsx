import { Suspense } from 'react';

import { lazyWithStyles } from './lazyWithStyles';

const PreferenceControls = lazyWithStyles(() => import('./PreferenceControls'));

/** The language and the color scheme, which are loaded beside the screen. */
export function Preferences() {
  return (
    <Suspense fallback={null}>
      <PreferenceControls />
    </Suspense>
  );
}
