import { MantineProvider } from '@mantine/core';
import { QueryClientProvider, type QueryClient } from '@tanstack/react-query';
import { Suspense } from 'react';
import { Redirect, Route, Router, Switch, type AroundNavHandler } from 'wouter';

import { AuthProvider } from '../auth/AuthProvider';
import { I18nProvider } from '../i18n/I18nProvider';
import { LiveProvider } from '../live/LiveProvider';
import { HOME } from '../lib/routes';
import { CrashGuard } from './CrashGuard';
import { Frame } from './Frame';
import { useSections, type Section } from './navigation';
import { NotFound } from '../ui/NotFound';
import { lazyWithStyles } from '../ui/lazyWithStyles';
import { ScreenLoading } from '../ui/ScreenLoading';
import { useToastsNeeded } from '../ui/toastsNeeded';
import { cssVariables, theme } from './theme';

/** Loaded with the first toast. */
const Toasts = lazyWithStyles(() => import('../ui/Toasts'));

export function App({ queries }: { queries: QueryClient }) {
  return (
    <I18nProvider>
      <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
        <CrashGuard>
          <ToastArea />
          <QueryClientProvider client={queries}>
            <AuthProvider>
              <LiveProvider>
                <Router aroundNav={navigateToTop}>
                  <Frame>
                    <Suspense fallback={<ScreenLoading />}>
                      <Screens />
                    </Suspense>
                  </Frame>
                </Router>
              </LiveProvider>
            </AuthProvider>
          </QueryClientProvider>
        </CrashGuard>
      </MantineProvider>
    </I18nProvider>
  );
}

function ToastArea() {
  if (!useToastsNeeded()) return null;
  return (
    <Suspense fallback={null}>
      <Toasts />
    </Suspense>
  );
}

/** A new screen starts at its top. The way back does not come by here: the browser scrolls then. */
const navigateToTop: AroundNavHandler = (navigate, to, options) => {
  const before = location.pathname;
  navigate(to, options);
  if (location.pathname !== before) window.scrollTo(0, 0);
};

function Screens() {
  const sections = useSections();
  return (
    <Switch>
      <Route path="/">
        <Redirect to={HOME} replace />
      </Route>
      {[...sections].sort(plainFirst).map(({ path, params = '', screen: Screen }) => (
        <Route key={path} path={path + params}>
          <Screen />
        </Route>
      ))}
      <Route>
        <NotFound />
      </Route>
    </Switch>
  );
}

/** The first path that matches is taken, and `/campanas/:id` matches `/campanas/nueva`. */
const plainFirst = (a: Section, b: Section): number => Number(hasParams(a)) - Number(hasParams(b));
const hasParams = ({ path, params = '' }: Section): boolean => (path + params).includes(':');
