import { Loader, VisuallyHidden } from '@mantine/core';
import { useMutationState } from '@tanstack/react-query';

import { useText } from '../../i18n/I18nProvider';
import classes from './Actions.module.css';
import { REACTION_KEY, type WantedReaction } from './useReaction';

/** Shows that a reaction to this message is being given or taken away. */
export function PendingReaction({ id }: { id: number }) {
  const m = useText().messageActions;
  const wanted = useMutationState({
    filters: { mutationKey: REACTION_KEY, status: 'pending' },
    select: ({ state }) => state.variables as WantedReaction,
  });
  const pending = wanted.find((one) => one.id === id);
  return (
    <span role="status" className={classes.pending}>
      {pending && (
        <>
          <Loader size={12} aria-hidden />
          <span aria-hidden>{pending.emoji}</span>
          <VisuallyHidden>{m.reacting}</VisuallyHidden>
        </>
      )}
    </span>
  );
}
