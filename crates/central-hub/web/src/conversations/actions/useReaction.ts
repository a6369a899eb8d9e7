import { useMutation, useQueryClient } from '@tanstack/react-query';

import { useText } from '../../i18n/I18nProvider';
import { toast } from '../../ui/toast';
import { CONVERSATIONS_KEY } from '../api';
import { reactTo } from './api';

export interface WantedReaction {
  /** The message's. */
  id: number;
  /** Empty to take the reaction away. */
  emoji: string;
}

export const REACTION_KEY = ['reaction'] as const;

/** Gives the account's reaction to a message; it is pending until the conversation shows it. */
export function useReaction() {
  const m = useText().messageActions;
  const queries = useQueryClient();
  return useMutation({
    mutationKey: REACTION_KEY,
    mutationFn: ({ id, emoji }: WantedReaction) => reactTo(id, emoji),
    onSuccess: ({ dry_run: simulated }) => {
      if (simulated) toast({ text: m.simulated });
      return queries.invalidateQueries({ queryKey: CONVERSATIONS_KEY });
    },
  });
}
