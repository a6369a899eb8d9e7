import './app/styles';

import { startTransition, StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { App } from './app/App';
import { prefetchFirstScreen } from './app/prefetch';
import { warmUp } from './app/warmUp';
import { loadChosenLanguage } from './i18n/I18nProvider';
import { HOME } from './lib/routes';
import { ignoreStrayDrops } from './lib/strayDrops';
import { createQueryClient } from './live/queries';

/** How long nothing is shown while it is not known who is signed in. */
const PATIENCE_MS = 200;

/** When the rest of the page is loaded, in milliseconds: when even a slow phone is at rest. */
const WARM_UP_MS = 5_000;

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
// Before the first render: a redirection of the router would render the frame without a screen.
if (location.pathname === '/') history.replaceState(null, '', HOME);
ignoreStrayDrops();
const queries = createQueryClient();
// index.html has already asked who is signed in. With the answer, the page is rendered only once.
const identified = Promise.race([prefetchFirstScreen(queries), wait(PATIENCE_MS)]);
await Promise.all([loadChosenLanguage(), identified]);
const page = createRoot(root);
// In slices, between which a slow phone stays responsive.
startTransition(() => {
  page.render(
    <StrictMode>
      <App queries={queries} />
    </StrictMode>,
  );
});
setTimeout(() => void warmUp(), WARM_UP_MS);
