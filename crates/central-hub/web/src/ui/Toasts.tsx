import { Notifications } from '@mantine/notifications';

/**
 * The position of toasts: above the bottom bar on a phone, otherwise in the
 * corner.
 */
const Toasts = () => (
  <Notifications position="bottom-right" limit={3} containerWidth={420} className="lm-toasts" />
);

export default Toasts;
