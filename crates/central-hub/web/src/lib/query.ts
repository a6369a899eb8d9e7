type Value = string | number | boolean | null | undefined;

/** Builds a query string such as `?estado=fallido&limite=50` from the non-empty values. */
export function query(values: Readonly<Record<string, Value>>): string {
  const found = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== null && value !== undefined && value !== '') found.set(name, String(value));
  }
  const text = found.toString();
  return text === '' ? '' : `?${text}`;
}
