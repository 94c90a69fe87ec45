import { ArrowLeft } from 'lucide';
import type { Comparison, StackCommit } from '../../client/history-types.ts';
import { get, query } from '../../client/request.ts';
import { stackAddress } from '../../client/stack-address.ts';
import { useLoad } from '../../client/use-load.ts';
import { agree, count } from '../../client/words.ts';
import { Empty, Failed, Waiting } from '../../parts/empty.tsx';
import { FileDiffs } from '../../parts/edit/file-diffs.tsx';
import { Icon } from '../../parts/icon.tsx';
import { CommitLink } from '../../parts/source-link.tsx';
import { Time } from '../../parts/time.tsx';
import { tellNumber } from './history-words.ts';

interface CompareProps {
  readonly name: string;
  readonly from: number;
  /** Number of another one, or `current`: what Git says now. */
  readonly to: string;
}

/** Difference of two deployments: commits, images, files. */
export function CompareView({ name, from, to }: CompareProps) {
  const asked = query({ from, to });
  const { data, error, reload } = useLoad(`compare ${name}${asked}`, (signal) =>
    get<Comparison>(`/stacks/${encodeURIComponent(name)}/deployments/compare${asked}`, signal),
  );
  return (
    <>
      <BackToHistory name={name} />
      <h2 class="part-title">
        From {tellNumber(from)} to {tellNumber(to === 'current' ? null : Number(to))}
      </h2>
      {data !== null ? (
        <Differences of={data} />
      ) : error === null ? (
        <Waiting what="the difference" />
      ) : (
        <Failed error={error} retry={reload} />
      )}
    </>
  );
}

export function BackToHistory({ name }: { name: string }) {
  return (
    <p class="filters">
      <a class="button" href={stackAddress(name, 'history')}>
        <Icon of={ArrowLeft} size={16} /> All deployments
      </a>
    </p>
  );
}

function Differences({ of: { commits, undone, files, images } }: { of: Comparison }) {
  if (commits.length + undone.length + files.length + images.length === 0)
    return <Empty title="They do not differ: the same files, the same images." />;
  return (
    <>
      {images.length > 0 && <Images of={images} />}
      {commits.length > 0 && <Commits title={`${count(commits.length, 'commit')} came in`} of={commits} />}
      {undone.length > 0 && (
        <Commits title={`${count(undone.length, 'commit')} went out again`} of={undone} />
      )}
      <section class="effect">
        <h2>
          {files.length === 0
            ? 'No file differs'
            : `${count(files.length, 'file')} ${agree(files.length, 'differs', 'differ')}`}
        </h2>
        <FileDiffs of={files} />
      </section>
    </>
  );
}

function Images({ of }: { of: Comparison['images'] }) {
  return (
    <section class="card">
      <h2>{count(of.length, 'image')} changed</h2>
      <ul>
        {of.map(({ service, before, after }) => (
          <li key={service} class="image-change">
            <b>{service}</b>
            <span class="removed">{before === null ? <i>no such service</i> : <code>{before}</code>}</span>
            <span aria-label="becomes">→</span>
            <span class="added">{after === null ? <i>no such service</i> : <code>{after}</code>}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Commits({ title, of }: { title: string; of: readonly StackCommit[] }) {
  return (
    <section class="card">
      <h2>{title}</h2>
      <ul>
        {of.map(({ commit, subject, author, time }) => (
          <li key={commit} class="commit">
            <span>{subject}</span>
            <span class="small muted">
              <CommitLink commit={commit} /> · <span title={author.email}>{author.name}</span> ·{' '}
              <Time at={time} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
