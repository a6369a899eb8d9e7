import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { BrowserRouter, Navigate, Route, Routes } from 'react-router';

import { createQueryClient } from '../live/queries';
import { AuthProvider } from '../auth/AuthProvider';
import { I18nProvider } from '../i18n/I18nProvider';
import { LiveProvider } from '../live/LiveProvider';
import { HOME } from '../lib/routes';
import { CrashGuard } from './CrashGuard';
import { Frame } from './Frame';
import { useSections } from './navigation';
import { NotFound } from '../ui/NotFound';
import { ScreenLoading } from '../ui/ScreenLoading';
import { cssVariables, theme } from './theme';

/** Loaded after the screen, since no toast appears before the user's first action. */
const Toasts = lazy(() => import('../ui/Toasts'));

export function App() {
  const [queries] = useState(createQueryClient);
  return (
    <I18nProvider>
      <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
        <Suspense fallback={null}>
          <Toasts />
        </Suspense>
        <CrashGuard>
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
