import { useMutation, useQueryClient } from '@tanstack/react-query';

import { connect, disconnect, logout } from '../api/endpoints';
import { SESSION_KEY } from '../live/keys';

/** Returns the operator's three actions on the session. */
export function useSessionActions() {
  const queries = useQueryClient();
  // Pending until the session is refetched, so that the screen does not fall
  // back to the old state between the response and the event.
  const onSuccess = () => queries.invalidateQueries({ queryKey: SESSION_KEY });
  return {
    connect: useMutation({ mutationFn: connect, onSuccess }),
    disconnect: useMutation({ mutationFn: disconnect, onSuccess }),
    unlink: useMutation({ mutationFn: logout, onSuccess }),
  };
}

export type SessionActions = ReturnType<typeof useSessionActions>;
