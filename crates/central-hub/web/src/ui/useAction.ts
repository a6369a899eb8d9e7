import { useMutation, useQueryClient, type QueryKey } from '@tanstack/react-query';

/** A mutation on the hub, after which the queries under `key` are refetched. */
export function useAction<Result, Given = void>(
  key: QueryKey,
  act: (given: Given) => Promise<Result>,
  done?: (result: Result) => void,
) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSuccess: (result) => {
      void queries.invalidateQueries({ queryKey: key });
      done?.(result);
    },
  });
}
