import { useLocation } from 'preact-iso';
import { useState } from 'preact/hooks';
import { GitCompareArrows, Undo2 } from 'lucide';
import type { Episode } from '../../client/fold-repeated.ts';
import { foldRepeated } from '../../client/fold-repeated.ts';
import type { HistoryEntry } from '../../client/history-types.ts';
import { query } from '../../client/request.ts';
import { jobAddress, stackAddress } from '../../client/stack-address.ts';
import { count } from '../../client/words.ts';
import { may } from '../../app/session.ts';
import { useKeys } from '../../app/use-keys.ts';
import { tellDuration } from '../../parts/duration.ts';
import { Icon } from '../../parts/icon.tsx';
import { CommitLink } from '../../parts/source-link.tsx';
import { Badge } from '../../parts/state.tsx';
import { Time } from '../../parts/time.tsx';
import { ALIKE, RESULTS, tellCause, tellDone, tellNumber } from './history-words.ts';

/** Rows that are shown before somebody asks for more. */
const FIRST = 50;

interface HistoryListProps {
  readonly name: string;
  /** The newest first. */
  readonly entries: readonly HistoryEntry[];
  /** Number of the deployment that runs. */
  readonly running: number | null;
}

export function HistoryList({ name, entries, running }: HistoryListProps) {
  const { route } = useLocation();
  const [chosen, choose] = useState<readonly (number | null)[]>([]);
  const [shown, show] = useState(FIRST);
  const episodes = foldRepeated(entries, ALIKE);
  const pair = toPair(chosen);
  const compare = (): void => {
    if (pair !== null) route(compareAddress(name, pair));
  };
  useKeys({ c: ['Compare the two that are ticked', compare] });
  const toggle = (number: number | null): void =>
    choose((before) =>
      before.includes(number) ? before.filter((one) => one !== number) : [...before, number].slice(-2),
    );
  return (
    <>
      <div class="filters">
        <button type="button" disabled={pair === null} onClick={compare}>
          <Icon of={GitCompareArrows} size={16} /> {tellCompare(pair)}
        </button>
        <span class="muted small" aria-live="polite">
          {pair !== null
            ? ''
            : chosen.length === 1
              ? 'Tick one more.'
              : 'Tick any two to see how they differ.'}
        </span>
      </div>
      <ul class="card history">
        <li class="deployment now">
          <Tick number={null} isOn={chosen.includes(null)} toggle={toggle} />
          <p class="deployment-what">
            <b>What Git says now</b>
          </p>
        </li>
        {episodes.slice(0, shown).map((episode) => (
          <Row
            key={keyOf(episode.oldest)}
            name={name}
            episode={episode}
            isRunning={episode.newest.number !== null && episode.newest.number === running}
            isOn={episode.newest.number !== null && chosen.includes(episode.newest.number)}
            toggle={toggle}
          />
        ))}
      </ul>
      {episodes.length > shown && (
        <p class="pager">
          <button type="button" onClick={() => show(shown + FIRST)}>
            Show {count(Math.min(FIRST, episodes.length - shown), 'older one')}
          </button>
        </p>
      )}
    </>
  );
}

function keyOf({ job_id: job, tag, time }: HistoryEntry): string {
  return job ?? tag ?? time;
}

type Pair = readonly [from: number, to: number | null];

/** The older one first; what Git says now is the newest. */
function toPair(chosen: readonly (number | null)[]): Pair | null {
  if (chosen.length !== 2) return null;
  const [from = null, to = null] = chosen.toSorted(
    (a, b) => (a ?? Number.POSITIVE_INFINITY) - (b ?? Number.POSITIVE_INFINITY),
  );
  return from === null ? null : [from, to];
}

function compareAddress(name: string, [from, to]: Pair): string {
  return `${stackAddress(name, 'history')}${query({ from, to: to ?? 'current' })}`;
}

function tellCompare(pair: Pair | null): string {
  return pair === null ? 'Compare two' : `Compare ${tellNumber(pair[0])} with ${tellNumber(pair[1])}`;
}

interface TickProps {
  readonly number: number | null;
  readonly isOn: boolean;
  readonly toggle: (number: number | null) => void;
}

function Tick({ number, isOn, toggle }: TickProps) {
  return (
    <input
      type="checkbox"
      checked={isOn}
      aria-label={`Compare ${tellNumber(number)}`}
      onChange={() => toggle(number)}
    />
  );
}

interface RowProps extends Pick<TickProps, 'isOn' | 'toggle'> {
  readonly name: string;
  readonly episode: Episode<HistoryEntry>;
  readonly isRunning: boolean;
}

function Row({ name, episode, isRunning, isOn, toggle }: RowProps) {
  const { newest: entry, oldest, times } = episode;
  const { number, tag, result, time, duration_ms: duration, job_id: job } = entry;
  const { icon, ...words } = RESULTS[result];
  const again = times > 1 ? { ...words, label: `${words.label} ${times} times` } : words;
  return (
    <li class={`deployment${isOn ? ' selected' : ''}`}>
      {number === null ? <span /> : <Tick number={number} isOn={isOn} toggle={toggle} />}
      <What entry={entry} isRunning={isRunning} />
      <div class="deployment-result">
        <Badge words={again} icon={icon} />
        <span class="small muted">{tellCause(entry)}</span>
      </div>
      <div class="deployment-time small muted">
        <Time at={time} />
        {duration !== null && times === 1 && <span>took {tellDuration(duration)}</span>}
        {times > 1 && (
          <span>
            first <Time at={oldest.time} />
          </span>
        )}
      </div>
      <div class="deployment-ways">
        {job !== null && (
          <a href={jobAddress(job)} aria-label={`Steps and log of ${tag ?? `the one that ${result}`}`}>
            Steps and log
          </a>
        )}
        {number !== null && result === 'deployed' && !isRunning && may('deployer') && (
          <a class="button" href={`${stackAddress(name, 'history')}${query({ rollback: number })}`}>
            <Icon of={Undo2} size={15} /> Roll back to #{number} …
          </a>
        )}
      </div>
    </li>
  );
}

function What({ entry, isRunning }: { entry: HistoryEntry; isRunning: boolean }) {
  const { number, tag, revision, subject, result, summary, message } = entry;
  return (
    <div class="deployment-what">
      <p>
        {number !== null && <b title={tag ?? undefined}>#{number}</b>}{' '}
        {subject ?? <i class="muted">no message</i>}
      </p>
      <p class="small muted">
        {revision !== null && <CommitLink commit={revision} />}
        {tag !== null && (
          <>
            {' · '}
            <code>{tag}</code>
          </>
        )}
        {result === 'deployed' && ` · ${tellDone(summary)}`}
        {isRunning && (
          <>
            {' · '}
            <b class="runs">deployed now</b>
          </>
        )}
      </p>
      {message !== null && <p class="small deployment-reason">{message}</p>}
    </div>
  );
}
