import { useSeesAll } from '../auth/AuthProvider';
import { useText } from '../i18n/I18nProvider';
import { Screen } from '../ui/Screen';
import { AlertsCard } from './AlertsCard';
import { AppearanceCard } from './AppearanceCard';
import { PasswordCard } from './PasswordCard';
import { RecordingCard } from './RecordingCard';
import { ServiceCard } from './ServiceCard';

/** One's own settings, and those of the service. */
export default function SettingsScreen() {
  const t = useText();
  const s = t.settings;
  const seesAll = useSeesAll();
  return (
    <Screen title={s.title} lead={s.lead}>
      <PasswordCard />
      <AppearanceCard />
      <RecordingCard />
      {seesAll && <AlertsCard />}
      <ServiceCard />
    </Screen>
  );
}
