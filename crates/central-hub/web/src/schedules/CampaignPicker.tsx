import { Select } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';

import { useText } from '../i18n/I18nProvider';
import { errorText } from '../i18n/lookup';
import { useCampaignChoices } from './api';
import type { CampaignChoice } from '../planning/types';

/** Debounce of the search, in milliseconds. */
const TYPING_MS = 250;

interface Props {
  value: number | null;
  /** The initially chosen campaign. */
  first: CampaignChoice | null;
  onChange: (id: number | null) => void;
  error: string | undefined;
}

const toOption = ({ id, nombre }: CampaignChoice) => ({
  value: String(id),
  label: `${nombre} (${id})`,
});

/** Selects an unfinished campaign, searched by name on the server. */
export function CampaignPicker({ value, first, onChange, error }: Props) {
  const t = useText();
  const f = t.schedules.form;
  const [typed, setTyped] = useState('');
  // Keeps the chosen campaign as an option during a search.
  const [chosen, setChosen] = useState(() => first && toOption(first));
  const [words] = useDebouncedValue(typed === chosen?.label ? '' : typed.trim(), TYPING_MS);
  const choices = useCampaignChoices(words);
  const found = (choices.data ?? []).map(toOption);
  const data =
    chosen && !found.some((choice) => choice.value === chosen.value) ? [chosen, ...found] : found;
  const nothing = words === '' ? f.campaignsEmpty : f.campaignNone;
  return (
    <Select
      label={f.campaign}
      description={f.campaignHint}
      required
      searchable
      openOnFocus={false}
      data={data}
      // The server has already filtered; a local filter would miss names with accents.
      filter={({ options }) => options}
      searchValue={typed}
      onSearchChange={setTyped}
      value={value === null ? null : String(value)}
      onChange={(id, option) => {
        setChosen(option ? { value: option.value, label: option.label } : null);
        onChange(id === null ? null : Number(id));
      }}
      error={choices.error ? errorText(t, choices.error) : error}
      nothingFoundMessage={choices.isFetching ? t.app.loading : nothing}
      comboboxProps={{ withinPortal: false }}
      data-autofocus
    />
  );
}
