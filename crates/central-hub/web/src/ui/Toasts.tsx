import { Notifications } from '@mantine/notifications';

/** Where toasts appear: over the bar at the bottom of a phone, in the corner elsewhere. */
const Toasts = () => (
  <Notifications position="bottom-right" limit={3} containerWidth={420} className="lm-toasts" />
);

export default Toasts;
