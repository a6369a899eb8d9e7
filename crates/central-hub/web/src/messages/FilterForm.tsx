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
  const [values, setValues] = useState(filter);
  const phone = useMediaQuery('(max-width: 47.99em)', false, { getInitialValueInEffect: false });
  const [unfolded, setUnfolded] = useState(isNarrowed({ ...filter, buscar: '' }));
  const isUnfolded = !phone || unfolded;
  const setText = (name: keyof Filter) => (event: ChangeEvent<HTMLInputElement>) =>
    setValues({ ...values, [name]: event.currentTarget.value });
  const checked = values.destinatario.trim() === '' ? null : checkPhone(values.destinatario);
  const phoneError = checked && !checked.ok ? t.phone[checked.problem] : null;
  const orderError = values.desde && values.hasta && values.hasta < values.desde ? s.order : null;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (!phoneError && !orderError) onFilter(values);
      }}
      noValidate
    >
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="sm">
        <TextInput label={s.words} value={values.buscar} maxLength={200} onChange={setText('buscar')} />
        {isUnfolded && (
          <>
        <TextInput
          label={s.number}
          inputMode="tel"
          value={values.destinatario}
          error={phoneError}
          onChange={setText('destinatario')}
        />
        <Select
          label={s.state}
          allowDeselect={false}
          value={values.estado}
          onChange={(estado) => setValues({ ...values, estado: estado ?? '' })}
          data={[
            { value: '', label: s.allStates },
            ...Object.entries(t.messageStates).map(([value, label]) => ({ value, label })),
          ]}
        />
        <Select
          label={s.direction}
          allowDeselect={false}
          value={values.direccion}
          onChange={(next) =>
            setValues({
              ...values,
              direccion: DIRECTIONS.find((direction) => direction === next) ?? 'todas',
            })
          }
          data={DIRECTIONS.map((value) => ({ value, label: s.directions[value] }))}
        />
        <TextInput label={s.from} type="date" value={values.desde} onChange={setText('desde')} />
        <TextInput
          label={s.to}
          type="date"
          value={values.hasta}
          error={orderError}
          onChange={setText('hasta')}
        />
        <CampaignField
          value={values.campania_id}
          onChange={(campania_id) => setValues({ ...values, campania_id })}
        />
        {several && (
          <TextInput
            label={s.business}
            inputMode="numeric"
            value={values.cliente_id}
            onChange={setText('cliente_id')}
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
            aria-expanded={isUnfolded}
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
