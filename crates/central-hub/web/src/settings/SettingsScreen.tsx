import { useOnlyAnswers, useSeesAll } from '../auth/AuthProvider';
import { useText } from '../i18n/I18nProvider';
import { Screen } from '../ui/Screen';
import { AdvancedCard } from './AdvancedCard';
import { AlertsCard } from './AlertsCard';
import { AppearanceCard } from './AppearanceCard';
import { NotificationsCard } from './NotificationsCard';
import { PasswordCard } from './PasswordCard';
import { RecordingCard } from './RecordingCard';
import { SendingCard } from './SendingCard';
import { ServiceCard } from './ServiceCard';

/** The user's own settings, and those of the service. */
export default function SettingsScreen() {
  const t = useText();
  const s = t.settings;
  const onlyAnswers = useOnlyAnswers();
  const seesAll = useSeesAll();
  return (
    <Screen title={s.title} lead={s.lead}>
      <PasswordCard />
      <AppearanceCard />
      <NotificationsCard />
      {!onlyAnswers && <SendingCard />}
      {!onlyAnswers && <RecordingCard />}
      {seesAll && <AlertsCard />}
      {!onlyAnswers && <AdvancedCard />}
      {!onlyAnswers && <ServiceCard />}
    </Screen>
  );
}
