import { Button, Group, NumberInput, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useLocation } from 'wouter';

import { useSeveralBusinesses } from '../auth/businesses';
import { useText } from '../i18n/I18nProvider';
import { ROUTES } from '../lib/routes';
import { ActionError } from '../ui/ActionError';
import { Screen } from '../ui/Screen';
import { Surface } from '../ui/Surface';
import { createDraft, useCampaignChange } from './api';

/** The screen to name a new campaign; the further steps are on the campaign's screen. */
export default function NewCampaignScreen() {
  const t = useText();
  const f = t.campaigns.form;
  const [, navigate] = useLocation();
  const several = useSeveralBusinesses();
  const [nombre, setNombre] = useState('');
  const [cliente, setCliente] = useState<number | ''>('');
  const [tried, setTried] = useState(false);
  const empty = nombre.trim() === '';
  const create = useCampaignChange(createDraft, ({ id }) =>
    navigate(`${ROUTES.campaigns}/${id}`, { replace: true }),
  );
  return (
    <Screen title={t.campaigns.newTitle} lead={t.campaigns.newLead}>
      <Surface maw={720}>
        <form
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            setTried(true);
            if (empty) return;
            create.mutate({
              nombre: nombre.trim(),
              ...(several && cliente !== '' ? { cliente_id: cliente } : {}),
            });
          }}
        >
          <Stack gap="md">
            <TextInput
              label={f.name}
              description={f.nameHint}
              required
              maxLength={200}
              value={nombre}
              error={tried && empty && f.nameEmpty}
              onChange={(event) => setNombre(event.currentTarget.value)}
            />
            {several && (
              <NumberInput
                label={f.business}
                description={f.businessHint}
                min={1}
                allowDecimal={false}
                value={cliente}
                onChange={(value) => setCliente(value === '' ? '' : Number(value))}
              />
            )}
            <ActionError error={create.error} />
            <Group justify="flex-end" gap="sm">
              <Button variant="default" onClick={() => navigate(ROUTES.campaigns)}>
                {t.app.cancel}
              </Button>
              <Button type="submit" loading={create.isPending}>
                {f.create}
              </Button>
            </Group>
          </Stack>
        </form>
      </Surface>
    </Screen>
  );
}
