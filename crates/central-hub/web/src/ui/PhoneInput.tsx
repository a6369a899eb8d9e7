import { Stack, Text, TextInput, type TextInputProps } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';

import { understandPhone } from '../api/endpoints';
import { useText } from '../i18n/I18nProvider';
import { checkPhone, formatPhone } from '../lib/phone';

/** Minimum number of digits to ask the hub about. */
const MIN_DIGITS = 6;

interface Props extends Omit<TextInputProps, 'value'> {
  value: string;
}

/** A field for a phone number, which shows how the hub parses the number. */
export function PhoneInput({ value, maw, ...field }: Props) {
  const t = useText();
  const [settled] = useDebouncedValue(value, 300);
  const checked = checkPhone(settled);
  const written = checked.ok ? checked.written : '';
  const { data } = useQuery({
    queryKey: ['phone', written],
    queryFn: ({ signal }) => understandPhone(written, signal),
    enabled: written.length >= MIN_DIGITS,
    staleTime: Infinity,
    retry: false,
  });
  const found = value === settled && data?.ok ? data : null;
  const country =
    found?.pais === undefined || found.local === true
      ? null
      : new Intl.DisplayNames(t.locale, { type: 'region', fallback: 'code' }).of(found.pais);
  return (
    <Stack gap={4} {...(maw === undefined ? {} : { maw })}>
      <TextInput type="tel" inputMode="tel" autoComplete="tel" value={value} {...field} />
      <Text size="xs" c="dimmed" role="status" data-testid="understood">
        {found && !field.error && t.phone.understood(formatPhone(found.numero), country ?? null)}
      </Text>
    </Stack>
  );
}
