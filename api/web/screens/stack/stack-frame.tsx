import type { ComponentChildren } from 'preact';
import { useRoute } from 'preact-iso';
import type { Loaded } from '../../client/use-load.ts';
import { useLoad } from '../../client/use-load.ts';
import { get } from '../../client/request.ts';
import type { StackDetail, StackRow } from '../../client/api-types.ts';
import { stackAddress } from '../../client/stack-address.ts';
import { useCalmly, useEvent, useMissed } from '../../app/use-live.ts';
import { useKeys } from '../../app/use-keys.ts';
import { Failed, Waiting } from '../../parts/empty.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { State } from '../../parts/state.tsx';
import { Tabs } from '../../parts/tabs.tsx';
import { useLocation } from 'preact-iso';

/** Parts of a stack's screen: last part of the address, words, and the second key after `g`-less shortcuts. */
const PARTS = [
  [undefined, 'Overview'],
  ['plan', 'Plan'],
  ['history', 'History'],
  ['drift', 'Drift'],
  ['files', 'Files'],
  ['logs', 'Logs'],
] as const;

/** The stack that the address names, kept up to date. */
export function useStack(): Loaded<StackDetail> & { readonly name: string } {
  const { params } = useRoute();
  const name = decodeURIComponent(params['name'] ?? '');
  const loaded = useLoad(`stack ${name}`, (signal) =>
    get<StackDetail>(`/stacks/${encodeURIComponent(name)}`, signal),
  );
  const soon = useCalmly(loaded.reload, 500, 2_000);
  useEvent<StackRow>('stack', (row) => {
    if (row.name !== name) return;
    loaded.set((before) => ({ ...before, ...row }));
    // The row tells all but the document.
    soon();
  });
  useEvent<{ readonly name: string }>('gone', (event) => event.name === name && loaded.reload());
  useMissed(loaded.reload);
  return { ...loaded, name };
}

interface StackFrameProps {
  readonly stack: ReturnType<typeof useStack>;
  /** Buttons beside the name. */
  readonly actions?: ComponentChildren;
  readonly children: (stack: StackDetail) => ComponentChildren;
}

/** Head of every part of a stack's screen, and the ways to the others. */
export function StackFrame({ stack: { name, data, error, reload }, actions, children }: StackFrameProps) {
  const { route } = useLocation();
  useKeys({
    o: ['Overview', () => route(stackAddress(name))],
    p: ['Plan', () => route(stackAddress(name, 'plan'))],
    h: ['History', () => route(stackAddress(name, 'history'))],
    d: ['Drift', () => route(stackAddress(name, 'drift'))],
    f: ['Files', () => route(stackAddress(name, 'files'))],
    l: ['Logs', () => route(stackAddress(name, 'logs'))],
  });
  return (
    <>
      <PageHead
        title={name}
        up={['/ui/stacks', 'All stacks']}
        badge={data === null ? undefined : <State of={data.state} />}
      >
        {actions}
      </PageHead>
      <Tabs label={`Parts of ${name}`} tabs={PARTS.map(([part, text]) => [stackAddress(name, part), text])} />
      {data !== null ? (
        children(data)
      ) : error !== null ? (
        <Failed error={error} retry={reload} />
      ) : (
        <Waiting what={name} />
      )}
    </>
  );
}
