import { useSeesAll } from '../auth/AuthProvider';
import { useText } from '../i18n/I18nProvider';
import { Screen } from '../ui/Screen';
import { TokenList } from './TokenList';
import { WebhookList } from './WebhookList';

/** How other programs hear of what happens here, and ask for things. */
export default function IntegrationsScreen() {
  const s = useText().integrations;
  const seesAll = useSeesAll();
  return (
    <Screen title={s.title} lead={s.lead}>
      {seesAll && <WebhookList />}
      <TokenList />
    </Screen>
  );
}
