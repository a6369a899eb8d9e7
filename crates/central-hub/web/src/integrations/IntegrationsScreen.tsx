import { useSeesAll } from '../auth/AuthProvider';
import { useText } from '../i18n/I18nProvider';
import { Screen } from '../ui/Screen';
import { TokenList } from './TokenList';
import { WebhookList } from './WebhookList';

/** The screen of webhooks and API tokens. */
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
