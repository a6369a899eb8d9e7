import { MantineProvider } from '@mantine/core';
import { QueryClientProvider, type QueryClient } from '@tanstack/react-query';
import { Suspense } from 'react';
import { BrowserRouter, Navigate, Route, Routes } from 'react-router';

import { AuthProvider } from '../auth/AuthProvider';
import { I18nProvider } from '../i18n/I18nProvider';
import { LiveProvider } from '../live/LiveProvider';
import { HOME } from '../lib/routes';
import { CrashGuard } from './CrashGuard';
import { Frame } from './Frame';
import { useSections } from './navigation';
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
                <BrowserRouter>
                  <Frame>
                    <Suspense fallback={<ScreenLoading />}>
                      <Screens />
                    </Suspense>
                  </Frame>
                </BrowserRouter>
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

function Screens() {
  const sections = useSections();
  return (
    <Routes>
      <Route path="/" element={<Navigate to={HOME} replace />} />
      {sections.map(({ path, screen: Screen }) => (
        <Route key={path} path={path} element={<Screen />} />
      ))}
      <Route path="*" element={<NotFound />} />
    </Routes>
  );
}
