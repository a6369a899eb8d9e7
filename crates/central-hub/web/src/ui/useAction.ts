import { useMutation, useQueryClient, type QueryKey } from '@tanstack/react-query';

/** Something that is done on the hub; what is known under `key` is asked for anew. */
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
