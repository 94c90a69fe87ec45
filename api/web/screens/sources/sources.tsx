import { useEffect } from 'preact/hooks';
import type { StackState } from '../../client/api-types.ts';
import type { SourceView } from '../../client/fleet-types.ts';
import { query } from '../../client/request.ts';
import { isAlone, nameOf, readSources, sourceList } from '../../client/sources.ts';
import { count } from '../../client/words.ts';
import { Waiting } from '../../parts/empty.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { State } from '../../parts/state.tsx';
import './sources.css';

/** Pause after which the numbers are asked for again: events tell of one repository only. */
const AGAIN_MS = 10_000;

/** Every config repository of the daemon: what it is, and how its stacks are. */
export function Sources() {
  useEffect(() => {
    void readSources(true);
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') void readSources(true);
    }, AGAIN_MS);
    return () => clearInterval(timer);
  }, []);
  const list = sourceList.value;
  return (
    <>
      <PageHead title="Repositories" />
      {isAlone.value && (
        <p class="muted sources-note">
          This daemon has no repository of its own. Each of these has its own stacks and jobs.
        </p>
      )}
      {list === null ? (
        <Waiting what="repositories" />
      ) : (
        <ul class="sources">
          {list.sources.map((source) => (
            <Source key={source.name} of={source} />
          ))}
        </ul>
      )}
    </>
  );
}

function Source({ of: source }: { of: SourceView }) {
  const { path, location: place, branch, root, stacks, error, revision } = source;
  const states = Object.entries(source.counts);
  return (
    <li class="card source">
      <h2>
        <a href={`${path}/ui/stacks`}>{nameOf(source)}</a>
      </h2>
      <p class="source-place mono">
        {place}
        {root !== '' && ` / ${root}`} <span class="muted">{branch}</span>
      </p>
      {error !== null ? (
        <p class="source-error">
          {error.message}
          {revision !== null && '. What was read last stays in force.'}
        </p>
      ) : (
        revision === null && <p class="muted">It is being read for the first time.</p>
      )}
      {revision !== null && (
        <p class="source-states">
          <span>{count(stacks, 'stack')}</span>
          {states.map(([state, number]) => (
            <a key={state} href={`${path}/ui/stacks${query({ state })}`}>
              <State of={state as StackState} /> {number}
            </a>
          ))}
        </p>
      )}
    </li>
  );
}
