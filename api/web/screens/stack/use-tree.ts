import { useMemo } from 'preact/hooks';
import type { StackDetail } from '../../client/api-types.ts';
import { get } from '../../client/request.ts';
import type { AddressView, StackTreeView } from '../../client/run-types.ts';
import { useLoad } from '../../client/use-load.ts';
import { useCalmly, useEvent, useMissed } from '../../app/use-live.ts';
import type { Branch } from './tree-model.ts';
import { growServices, growTree } from './tree-model.ts';

export interface StackTree {
  readonly branches: readonly Branch[];
  /** Nodes that tell nothing at the moment. */
  readonly silent: StackTreeView['silent'];
}

/** Everything that a stack has, kept up to date; its services alone until more is told. */
export function useTree(stack: StackDetail): StackTree {
  const path = `/stacks/${encodeURIComponent(stack.name)}`;
  const { data, reload } = useLoad(`tree ${stack.name}`, (signal) =>
    get<StackTreeView>(`${path}/resources`, signal),
  );
  const soon = useCalmly(reload, 400, 2_000);
  useEvent<{ readonly stack_id: string }>('health', (event) => event.stack_id === stack.name && soon());
  useEvent<{ readonly name: string }>('stack', (row) => row.name === stack.name && soon());
  useMissed(reload);
  const branches = useMemo(
    () => (data === null ? growServices(stack) : growTree(data, stack)),
    [data, stack],
  );
  return { branches, silent: data?.silent ?? [] };
}

/** Addresses at which a stack is reached, as its description says. */
export function useAddresses({ name, revision }: StackDetail): readonly AddressView[] {
  const { data } = useLoad(
    `addresses ${name} ${revision}`,
    async (signal) =>
      await get<{ readonly addresses: readonly AddressView[] }>(
        `/stacks/${encodeURIComponent(name)}/addresses`,
        signal,
      ),
    { keep: true },
  );
  return data?.addresses ?? [];
}
