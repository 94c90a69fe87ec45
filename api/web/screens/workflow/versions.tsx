import { useState } from 'preact/hooks';
import { Bookmark, Undo2 } from 'lucide';
import { get, post, query } from '../../client/request.ts';
import { jobAddress } from '../../client/stack-address.ts';
import { useLoad } from '../../client/use-load.ts';
import { count } from '../../client/words.ts';
import type { Fields, GraphDifference, VersionView } from '../../client/workflow-types.ts';
import { announce } from '../../app/announce.tsx';
import { DeedButton } from '../../app/deed-button.tsx';
import { useDeed } from '../../app/use-deed.ts';
import { Empty, Failed, Waiting } from '../../parts/empty.tsx';
import { Icon } from '../../parts/icon.tsx';
import { CommitLink } from '../../parts/source-link.tsx';
import { Time } from '../../parts/time.tsx';
import { Difference } from './difference.tsx';
import { asFields } from './edit/graph.ts';
import { useWork } from './work.ts';

/** Versions of a workflow, what differs between two of them, and the way back to one. */
export function Versions() {
  const { stack, isReadOnly } = useWork();
  const path = `/workflows/${encodeURIComponent(stack.name)}/versions`;
  const list = useLoad(`versions ${stack.name} ${stack.last_job?.id ?? ''}`, (signal) =>
    get<{ readonly versions: readonly VersionView[] }>(path, signal),
  );
  const [chosen, choose] = useState<number | null>(null);
  const mark = useDeed('Not marked', async () => {
    const made = await post<VersionView>(path, {});
    announce(`Version ${made.number} marks what is saved now.`);
    list.reload();
  });
  if (list.data === null)
    return list.error === null ? (
      <Waiting what="versions" />
    ) : (
      <Failed error={list.error} retry={list.reload} />
    );
  const { versions } = list.data;
  const marker = !isReadOnly && (
    <DeedButton of={mark}>
      <Icon of={Bookmark} size={16} /> Mark what is saved now as a version
    </DeedButton>
  );
  if (versions.length === 0)
    return (
      <Empty title="There are no versions yet.">
        <p>Each run marks one. You can also mark what is saved now.</p>
        {marker}
      </Empty>
    );
  const from = chosen ?? versions[0]?.number ?? 1;
  return (
    <div class="versions">
      <section class="card" aria-label="Versions">
        <div class="card-head">
          <h2>{count(versions.length, 'version')}</h2>
          {marker}
        </div>
        <ul>
          {versions.map((version) => (
            <Version
              key={version.number}
              version={version}
              isChosen={version.number === from}
              choose={choose}
            />
          ))}
        </ul>
      </section>
      <Compared key={from} from={from} others={versions} path={path} />
    </div>
  );
}

interface VersionProps {
  readonly version: VersionView;
  readonly isChosen: boolean;
  readonly choose: (number: number) => void;
}

function Version({ version, isChosen, choose }: VersionProps) {
  const { number, name, label, description, author, time, automatic, commit, job_id: job } = version;
  return (
    <li class={`version${isChosen ? ' selected' : ''}`}>
      <button type="button" aria-pressed={isChosen} onClick={() => choose(number)}>
        Version {number}
        {label !== '' && ` (${label})`}
      </button>
      <p class="small">
        {name !== '' && <b>{name} </b>}
        {automatic ? 'made by a run' : description}
      </p>
      <p class="muted small">
        <Time at={time} /> by {author} · <CommitLink commit={commit} />
        {job !== null && (
          <>
            {' '}
            · <a href={jobAddress(job)}>its run</a>
          </>
        )}
      </p>
    </li>
  );
}

interface ComparedProps {
  readonly from: number;
  readonly others: readonly VersionView[];
  readonly path: string;
}

function Compared({ from, others, path }: ComparedProps) {
  const { editor, isReadOnly } = useWork();
  const [to, setTo] = useState('');
  const asked = `${path}/compare${query({ from, to })}`;
  const { data, error, reload } = useLoad(asked, (signal) => get<GraphDifference>(asked, signal));
  const restore = useDeed('Not brought back', async () => {
    const { document } = await get<{ readonly document: Fields }>(`${path}/${from}`);
    const { nodes, edges } = asFields(document);
    editor.edit((now) => ({ ...now, nodes: nodes ?? [], ...(edges === undefined ? {} : { edges }) }));
    announce(`The drawing of version ${from} is in the editor. Save shows what differs; undo takes it back.`);
  });
  return (
    <section class="card" aria-label="Difference">
      <div class="card-head">
        <label class="compare-to">
          From version {from} to{' '}
          <select value={to} onChange={(event) => setTo(event.currentTarget.value)}>
            <option value="">what is saved now</option>
            {others
              .filter(({ number }) => number !== from)
              .map(({ number }) => (
                <option key={number} value={number}>
                  version {number}
                </option>
              ))}
          </select>
        </label>
        {!isReadOnly && (
          <DeedButton of={restore}>
            <Icon of={Undo2} size={16} /> Bring version {from} back into the drawing
          </DeedButton>
        )}
      </div>
      <div class="card-body">
        {data === null ? (
          error === null ? (
            <Waiting what="the difference" />
          ) : (
            <Failed error={error} retry={reload} />
          )
        ) : (
          <Difference of={data} />
        )}
      </div>
    </section>
  );
}
