import { useNavigate } from 'react-router';

import { useText } from '../i18n/I18nProvider';
import { Screen } from '../ui/Screen';
import { Surface } from '../ui/Surface';
import { createCampaign, useCampaignChange } from './api';
import { CampaignForm } from './CampaignForm';

/** The screen for a new campaign; the list is uploaded on the campaign's screen. */
export default function NewCampaignScreen() {
  const t = useText();
  const navigate = useNavigate();
  const create = useCampaignChange(createCampaign, ({ id }) => navigate(`/campanas/${id}`));
  return (
    <Screen title={t.campaigns.newTitle} lead={t.campaigns.newLead}>
      <Surface maw={720}>
        <CampaignForm
          campaign={null}
          submit={t.campaigns.form.create}
          pending={create.isPending}
          error={create.error}
          onSubmit={create.mutate}
          onCancel={() => navigate('/campanas')}
        />
      </Surface>
    </Screen>
  );
}
