import { useParams } from 'wouter';

/**
 * Returns a parameter of the screen's path, such as `id` of `/campanas/:id`; wouter leaves in it what
 * `decodeURI` does not decode, such as the `@` of a chat.
 */
export function usePathParam(name: string): string | undefined {
  const value = useParams()[name];
  if (value === undefined) return undefined;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
