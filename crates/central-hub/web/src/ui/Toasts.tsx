import { MantineThemeProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';

import { useText } from '../i18n/I18nProvider';

/**
 * The position of toasts: above the bottom bar on a phone, otherwise in the
 * corner.
 */
function Toasts() {
  const t = useText();
  // The only way to label the close button of each toast.
  const labelledClose = { defaultProps: { closeButtonProps: { 'aria-label': t.app.closeToast } } };
  return (
    <MantineThemeProvider inherit theme={{ components: { Notification: labelledClose } }}>
      <Notifications position="bottom-right" limit={3} containerWidth={420} className="lm-toasts" />
    </MantineThemeProvider>
  );
}

export default Toasts;
