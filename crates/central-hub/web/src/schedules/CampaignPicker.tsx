import { Select } from '@mantine/core';

import { useText } from '../i18n/I18nProvider';
import { errorText } from '../i18n/lookup';
import { useCampaignChoices } from './api';

interface Props {
  value: number | null;
  onChange: (id: number | null) => void;
  error: string | undefined;
}

/** A campaign that is not over, found by its name or number. */
export function CampaignPicker({ value, onChange, error }: Props) {
  const t = useText();
  const f = t.schedules.form;
  const choices = useCampaignChoices(true);
  const data = (choices.data ?? []).map(({ id, nombre }) => ({
    value: String(id),
    label: `${nombre} (${id})`,
  }));
  return (
    <Select
      label={f.campaign}
      description={f.campaignHint}
      required
      searchable
      openOnFocus={false}
      data={data}
      limit={50}
      value={value === null ? null : String(value)}
      onChange={(id) => onChange(id === null ? null : Number(id))}
      error={choices.error ? errorText(t, choices.error) : error}
      nothingFoundMessage={choices.data?.length === 0 ? f.campaignsEmpty : f.campaignNone}
      comboboxProps={{ withinPortal: false }}
      data-autofocus
    />
  );
}
