import { loadScreenTexts } from '../i18n/I18nProvider';

/**
 * Loads what a first visit does without and somebody may open next. A failure is left to whoever
 * opens it.
 */
export async function warmUp(): Promise<void> {
  await Promise.allSettled([
    import('./Menu'),
    import('../ui/ConfirmDialogBox'),
    import('../ui/styles'),
    import('../ui/Toasts'),
    loadScreenTexts(),
  ]);
}
