import { useLocation } from 'preact-iso';
import { CircleX, RefreshCw } from 'lucide';
import type { Diagnostic, RepositoryView } from '../../client/api-types.ts';
import { UI } from '../../client/home.ts';
import { get, post, query } from '../../client/request.ts';
import { useLoad } from '../../client/use-load.ts';
import { count, shortCommit } from '../../client/words.ts';
import { announce } from '../../app/announce.tsx';
import { DeedButton } from '../../app/deed-button.tsx';
import { may } from '../../app/session.ts';
import { useDeed } from '../../app/use-deed.ts';
import { useKeys } from '../../app/use-keys.ts';
import { useCalmly, useEvent, useMissed } from '../../app/use-live.ts';
import { Chips } from '../../parts/chips.tsx';
import { Empty, Failed, Waiting } from '../../parts/empty.tsx';
import { Findings } from '../../parts/findings.tsx';
import { Icon } from '../../parts/icon.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { CommitLink, SourceLink } from '../../parts/source-link.tsx';
import { Time } from '../../parts/time.tsx';
import './repository.css';

/** Files whose findings are shown at once. */
const MOST_FILES = 50;

/** The config repository: where it is, what was read of it, and everything that is wrong in it. */
export function RepositoryScreen() {
  const { data, error, reload } = useLoad('repository', (signal) =>
    get<RepositoryView>('/repository', signal),
  );
  const soon = useCalmly(reload);
  useEvent('repository', soon);
  useMissed(reload);
  const read = useDeed('Not read', () => readNow(data?.revision?.commit).finally(soon));
  useKeys({ y: ['Read the repository now', () => void (may('deployer') && read.run())] });
  return (
    <>
      <PageHead title="Repository">
        {may('deployer') && (
          <DeedButton of={read} class="primary">
            <Icon of={RefreshCw} /> {read.isBusy ? 'Reading …' : 'Read it now'}
          </DeedButton>
        )}
      </PageHead>
      {data !== null ? (
        <>
          <Problem of={data} />
          <Facts of={data} />
          <AllFindings of={data.diagnostics} />
        </>
      ) : error !== null ? (
        <Failed error={error} retry={reload} />
      ) : (
        <Waiting what="the repository" />
      )}
    </>
  );
}

async function readNow(before: string | undefined): Promise<void> {
  const { revision } = await post<{ revision: string | null }>('/sync?wait=true');
  if (revision === null) announce('Read. There is no commit yet.');
  else if (revision === before)
    announce(`Read. Nothing is new: ${shortCommit(revision)} is the newest commit.`);
  else
    announce(`Read. ${shortCommit(revision)} is the newest commit now.`, {
      href: `${UI}/stacks`,
      text: 'Stacks',
    });
}

function Problem({ of: { error, revision } }: { of: RepositoryView }) {
  if (error === null) return null;
  return (
    <div class="notice tone-bad" role="alert">
      <Icon of={CircleX} />
      <div>
        <p>{error.message}</p>
        <p class="muted small">
          {revision === null
            ? 'Nothing has been read of it so far, so nothing is deployed.'
            : 'What runs stays as it is. It is tried again by itself.'}
        </p>
      </div>
    </div>
  );
}

function Facts({ of: { location, branch, root = '', revision, stacks } }: { of: RepositoryView }) {
  return (
    <section class="card">
      <dl class="card-body facts">
        <div>
          <dt>Read from</dt>
          <dd>
            <code>{location}</code>
          </dd>
        </div>
        <div>
          <dt>Branch</dt>
          <dd>
            <code>{branch}</code>
          </dd>
        </div>
        {root !== '' && (
          <div>
            <dt>Directory</dt>
            <dd>
              <code>{root}</code>
            </dd>
          </div>
        )}
        <div>
          <dt>Newest commit</dt>
          <dd>{revision === null ? 'none yet' : <Revision of={revision} />}</dd>
        </div>
        <div>
          <dt>Describes</dt>
          <dd>
            <a href={`${UI}/stacks`}>{count(stacks.length, 'stack')}</a>
          </dd>
        </div>
      </dl>
    </section>
  );
}

function Revision({ of }: { of: NonNullable<RepositoryView['revision']> }) {
  const author = typeof of.author === 'string' ? of.author : of.author?.name;
  return (
    <>
      {of.subject !== undefined && <p>{of.subject}</p>}
      <p class={of.subject === undefined ? undefined : 'muted small'}>
        <CommitLink commit={of.commit} />
        {author !== undefined && <> by {author}</>}
        {of.time !== undefined && (
          <>
            , <Time at={of.time} />
          </>
        )}
      </p>
    </>
  );
}

const SEVERITIES = [
  ['error', 'The stack is left as it is until this is mended.'],
  ['warning', 'It is deployed all the same.'],
] as const;

function chipsOf(findings: readonly Diagnostic[]) {
  return SEVERITIES.flatMap(([value, meaning]) => {
    const number = findings.filter(({ severity }) => severity === value).length;
    return number === 0 ? [] : [{ value, text: count(number, value), meaning }];
  });
}

/** Findings of all files, those with errors first. A kind of them can be chosen; the choice stands in the address. */
function AllFindings({ of }: { of: readonly Diagnostic[] }) {
  const { query: address, route } = useLocation();
  const { severity = '' } = address;
  if (of.length === 0)
    return (
      <section class="card">
        <Empty title="Nothing is wrong in any file.">
          <p>Every push is checked. What is found is told here, with its file and line.</p>
        </Empty>
      </section>
    );
  const files = groupByFile(of.filter((one) => severity === '' || one.severity === severity));
  return (
    <>
      <div class="findings-chips">
        <Chips
          label="Filter by kind"
          chips={chipsOf(of)}
          chosen={severity}
          onChoose={(next) => route(`${UI}/repository${query({ severity: next })}`, true)}
        />
      </div>
      <p class="visually-hidden" aria-live="polite">
        {count(of.length, 'finding')} in {count(files.length, 'file')}
      </p>
      {files.slice(0, MOST_FILES).map(([file, findings]) => (
        <section key={file} class="card" aria-label={file}>
          <h2>
            {file === '' ? 'The repository' : <SourceLink file={file} />}
            <span class="muted small"> {count(findings.length, 'finding')}</span>
          </h2>
          <div class="card-body">
            <Findings of={findings} isInFile />
          </div>
        </section>
      ))}
      {files.length > MOST_FILES && (
        <p class="muted">
          And {count(files.length - MOST_FILES, 'further file')}; they are told here as these are mended.
        </p>
      )}
    </>
  );
}

const RANKS: Readonly<Record<Diagnostic['severity'], number>> = { error: 0, warning: 1 };

function groupByFile(
  findings: readonly Diagnostic[],
): readonly (readonly [file: string, readonly Diagnostic[]])[] {
  const worst = (of: readonly Diagnostic[]): number => Math.min(...of.map(({ severity }) => RANKS[severity]));
  return [...Map.groupBy(findings, ({ file = '' }) => file)]
    .map(
      ([file, of]) =>
        [
          file,
          of.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0)),
        ] as const,
    )
    .toSorted((a, b) => worst(a[1]) - worst(b[1]) || a[0].localeCompare(b[0]));
}
