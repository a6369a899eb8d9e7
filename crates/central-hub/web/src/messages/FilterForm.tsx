import { Button, Group, Select, SimpleGrid, TextInput } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconAdjustmentsHorizontal } from '@tabler/icons-react';
import { useState, type ChangeEvent } from 'react';

import { useSeveralBusinesses } from '../auth/businesses';
import { useText } from '../i18n/I18nProvider';
import { checkPhone } from '../lib/phone';
import { CampaignField } from './CampaignField';
import { isNarrowed } from './filter';
import { DIRECTIONS, type Filter } from './types';

interface Props {
  filter: Filter;
  onFilter: (filter: Filter) => void;
}

/** The filter form; applied with the button or Enter. */
export function FilterForm({ filter, onFilter }: Props) {
  const t = useText();
  const s = t.messages.filter;
  const several = useSeveralBusinesses();
  const [wanted, setWanted] = useState(filter);
  const phone = useMediaQuery('(max-width: 47.99em)', false, { getInitialValueInEffect: false });
  const [unfolded, setUnfolded] = useState(isNarrowed({ ...filter, buscar: '' }));
  const shown = !phone || unfolded;
  const put = (name: keyof Filter) => (event: ChangeEvent<HTMLInputElement>) =>
    setWanted({ ...wanted, [name]: event.currentTarget.value });
  const checked = wanted.destinatario.trim() === '' ? null : checkPhone(wanted.destinatario);
  const phoneError = checked && !checked.ok ? t.phone[checked.problem] : null;
  const orderError = wanted.desde && wanted.hasta && wanted.hasta < wanted.desde ? s.order : null;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (!phoneError && !orderError) onFilter(wanted);
      }}
      noValidate
    >
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="sm">
        <TextInput label={s.words} value={wanted.buscar} maxLength={200} onChange={put('buscar')} />
        {shown && (
          <>
        <TextInput
          label={s.number}
          inputMode="tel"
          value={wanted.destinatario}
          error={phoneError}
          onChange={put('destinatario')}
        />
        <Select
          label={s.state}
          allowDeselect={false}
          value={wanted.estado}
          onChange={(estado) => setWanted({ ...wanted, estado: estado ?? '' })}
          data={[
            { value: '', label: s.allStates },
            ...Object.entries(t.messageStates).map(([value, label]) => ({ value, label })),
          ]}
        />
        <Select
          label={s.direction}
          allowDeselect={false}
          value={wanted.direccion}
          onChange={(next) =>
            setWanted({
              ...wanted,
              direccion: DIRECTIONS.find((one) => one === next) ?? 'todas',
            })
          }
          data={DIRECTIONS.map((value) => ({ value, label: s.directions[value] }))}
        />
        <TextInput label={s.from} type="date" value={wanted.desde} onChange={put('desde')} />
        <TextInput
          label={s.to}
          type="date"
          value={wanted.hasta}
          error={orderError}
          onChange={put('hasta')}
        />
        <CampaignField
          value={wanted.campania_id}
          onChange={(campania_id) => setWanted({ ...wanted, campania_id })}
        />
        {several && (
          <TextInput
            label={s.business}
            inputMode="numeric"
            value={wanted.cliente_id}
            onChange={put('cliente_id')}
          />
        )}
          </>
        )}
      </SimpleGrid>
      <Group justify="flex-end" gap="sm" mt="sm">
        {phone && (
          <Button
            variant="default"
            leftSection={<IconAdjustmentsHorizontal size={18} aria-hidden />}
            aria-expanded={shown}
            onClick={() => setUnfolded(!unfolded)}
          >
            {t.app.filters}
          </Button>
        )}
        {isNarrowed(filter) && (
          <Button
            variant="default"
            onClick={() =>
              onFilter({
                estado: '',
                direccion: 'todas',
                destinatario: '',
                campania_id: '',
                cliente_id: '',
                desde: '',
                hasta: '',
                buscar: '',
              })
            }
          >
            {s.clear}
          </Button>
        )}
        <Button type="submit">{s.apply}</Button>
      </Group>
    </form>
  );
}
