import type { ComponentChildren } from 'preact';
import { useLocation, useRoute } from 'preact-iso';
import { useRef, useState } from 'preact/hooks';
import { UI } from '../../client/home.ts';
import type { Loaded } from '../../client/use-load.ts';
import { useLoad } from '../../client/use-load.ts';
import { get } from '../../client/request.ts';
import type { StackDetail, StackRow } from '../../client/api-types.ts';
import { jobAddress, stackAddress } from '../../client/stack-address.ts';
import { useCalmly, useEvent, useMissed } from '../../app/use-live.ts';
import { useKeys } from '../../app/use-keys.ts';
import { Empty, Failed, Waiting } from '../../parts/empty.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { State } from '../../parts/state.tsx';
import { Tabs } from '../../parts/tabs.tsx';

/** Parts of a stack's screen: last part of the address, words, and the key that leads there. */
const PARTS = [
  [undefined, 'Overview', 'o'],
  ['plan', 'Plan', 'p'],
  ['history', 'History', 'h'],
  ['drift', 'Drift', 'd'],
  ['files', 'Files', 'f'],
  ['logs', 'Logs', 'l'],
] as const;

export interface ShownStack extends Loaded<StackDetail> {
  readonly name: string;
  /** Set once it is removed: its last job, where that is known. */
  readonly removed: { readonly job: string | null } | null;
}

/** The stack that the address names, kept up to date until it is removed. */
export function useStack(): ShownStack {
  const { params } = useRoute();
  const name = decodeURIComponent(params['name'] ?? '');
  const [gone, setGone] = useState<string | null>(null);
  const lastJob = useRef<{ readonly name: string; readonly id: string } | null>(null);
  const isGone = gone === name;
  // A stack that is gone is not asked for again.
  const loaded = useLoad(isGone ? null : `stack ${name}`, (signal) =>
    get<StackDetail>(`/stacks/${encodeURIComponent(name)}`, signal),
  );
  const { data, error, reload } = loaded;
  if (data !== null && data.last_job !== null) lastJob.current = { name, id: data.last_job.id };
  const soon = useCalmly(reload, 500, 2_000);
  useEvent<StackRow>('stack', (row) => {
    if (row.name !== name) return;
    setGone(null);
    loaded.set((before) => ({ ...before, ...row }));
    // The row tells all but the document, which a stack that is being removed has no more.
    if (row.file !== '') soon();
  });
  useEvent<{ readonly name: string }>('gone', (event) => event.name === name && setGone(name));
  useMissed(reload);
  const isRemoved = isGone || (data !== null && error?.status === 404);
  const removed = isRemoved ? { job: lastJob.current?.name === name ? lastJob.current.id : null } : null;
  return { ...loaded, data: isRemoved ? null : data, name, removed };
}

interface StackFrameProps {
  readonly stack: ShownStack;
  /** Buttons beside the name. */
  readonly actions?: ComponentChildren;
  readonly children: (stack: StackDetail) => ComponentChildren;
}

/** Head of every part of a stack's screen, and the ways to the others. */
export function StackFrame({ stack, actions, children }: StackFrameProps) {
  const { name, data } = stack;
  const hasParts = stack.removed === null && stack.error?.status !== 404;
  const { route } = useLocation();
  useKeys(
    Object.fromEntries(
      PARTS.map(([part, text, key]) => [key, [text, () => hasParts && route(stackAddress(name, part))]]),
    ),
  );
  return (
    <>
      <PageHead
        title={name}
        up={[`${UI}/stacks`, 'All stacks']}
        badge={data === null ? undefined : <State of={data.state} />}
      >
        {actions}
      </PageHead>
      {hasParts && (
        <Tabs
          label={`Parts of ${name}`}
          tabs={PARTS.map(([part, text]) => [stackAddress(name, part), text])}
        />
      )}
      {data !== null ? children(data) : <NoStack stack={stack} />}
    </>
  );
}

/** The place of a stack that is not there: not yet, not any more, or never. */
export function NoStack({ stack: { name, removed, error, reload } }: { stack: ShownStack }) {
  const all = <a href={`${UI}/stacks`}>All stacks</a>;
  if (removed !== null)
    return (
      <div role="status">
        <Empty title={`${name} is removed.`}>
          <p>Nothing of it runs any more, and Git does not describe it.</p>
          <p class="ways-on">
            {removed.job !== null && <a href={jobAddress(removed.job)}>Its last job</a>}
            {all}
          </p>
        </Empty>
      </div>
    );
  if (error?.status === 404)
    return (
      <Empty title={`There is no stack ${name}.`}>
        <p class="ways-on">{all}</p>
      </Empty>
    );
  return error === null ? <Waiting what={name} /> : <Failed error={error} retry={reload} />;
}
