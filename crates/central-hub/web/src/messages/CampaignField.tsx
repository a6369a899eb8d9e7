import { Select } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { request } from '../api/http';
import { useText } from '../i18n/I18nProvider';
import { query } from '../lib/query';
import { useCampaignName } from '../live/campaignName';

const MAX_OPTIONS = 20;

/** Selects a campaign by its name, since users do not know its number. */
export function CampaignField({ value, onChange }: { value: string; onChange: (id: string) => void }) {
  const t = useText();
  const s = t.messages.filter;
  const [typed, setTyped] = useState('');
  const [words] = useDebouncedValue(typed.trim(), 250);
  const name = useCampaignName(value === '' ? null : Number(value));
  const label = name ?? (value === '' ? '' : t.messages.campaignNumber(Number(value)));
  const searched = words === label ? '' : words;
  const { data } = useQuery({
    queryKey: ['campaigns', 'named', searched],
    queryFn: ({ signal }) =>
      request<{ campanias: { id: number; nombre: string }[] }>(
        `/api/sender/campaigns${query({ buscar: searched, limite: MAX_OPTIONS })}`,
        { signal },
      ),
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });
  const matches = (data?.campanias ?? []).map(({ id, nombre }) => ({
    value: String(id),
    label: nombre,
  }));
  const selected = value === '' || matches.some((option) => option.value === value) ? [] : [{ value, label }];
  return (
    <Select
      label={s.campaign}
      placeholder={s.anyCampaign}
      searchable
      clearable
      data={[...selected, ...matches]}
      // The server has already filtered; a local filter would miss names with accents.
      filter={({ options }) => options}
      searchValue={typed}
      onSearchChange={setTyped}
      value={value === '' ? null : value}
      onChange={(id) => onChange(id ?? '')}
      nothingFoundMessage={t.campaigns.nothingFound}
    />
  );
}
