import { tellBytes, tellCpu } from '../../client/quantities.ts';
import { count } from '../../client/words.ts';
import { stackAddress } from '../../client/stack-address.ts';
import type { StackUsage } from './use-usage.ts';

const BYTES_PER_GB = 2 ** 30;

interface LoadProps {
  readonly of: readonly StackUsage[];
  readonly cores: number | null;
  readonly memoryGb: number | null;
  /** Names of all stacks on the node, measured or not. */
  readonly stacks: readonly string[];
}

/** Shows how much of a node its stacks use now: the sum, and each of them. */
export function Load({ of, cores, memoryGb, stacks }: LoadProps) {
  const cpu = of.reduce((sum, { cpuMillis }) => sum + cpuMillis, 0);
  const memory = of.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  const allMemory = memoryGb === null ? null : memoryGb * BYTES_PER_GB;
  const largest = Math.max(1, ...of.map(({ memoryBytes }) => memoryBytes));
  const measured = new Map(of.map((one) => [one.stack, one]));
  const rows = [...of.map(({ stack }) => stack), ...stacks.filter((name) => !measured.has(name))];
  return (
    <>
      {of.length > 0 && (
        <div class="loads">
          <Bar
            label="Processors"
            share={cores === null ? null : cpu / (cores * 1000)}
            text={cores === null ? tellCpu(cpu) : `${tellNumber(cpu / 1000)} of ${count(cores, 'processor')}`}
          />
          <Bar
            label="Memory"
            share={allMemory === null ? null : memory / allMemory}
            text={allMemory === null ? tellBytes(memory) : `${tellBytes(memory)} of ${tellBytes(allMemory)}`}
          />
        </div>
      )}
      <ul class="node-stacks">
        {rows.slice(0, SHOWN).map((name) => (
          <StackRow key={name} name={name} usage={measured.get(name)} largest={largest} />
        ))}
      </ul>
      {rows.length > SHOWN && (
        <details>
          <summary>{rows.length - SHOWN} more</summary>
          <ul class="node-stacks">
            {rows.slice(SHOWN).map((name) => (
              <StackRow key={name} name={name} usage={measured.get(name)} largest={largest} />
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

/** Stacks of a node that are shown at once. */
const SHOWN = 8;

function StackRow({
  name,
  usage,
  largest,
}: {
  name: string;
  usage: StackUsage | undefined;
  largest: number;
}) {
  return (
    <li>
      <a href={stackAddress(name)}>{name}</a>
      {usage !== undefined && (
        <>
          <span class="bar" aria-hidden="true">
            <i style={{ width: `${Math.max(1, (usage.memoryBytes / largest) * 100)}%` }} />
          </span>
          <span class="small muted amounts">
            {tellBytes(usage.memoryBytes)} · {tellCpu(usage.cpuMillis)}
          </span>
        </>
      )}
    </li>
  );
}

function Bar({ label, share, text }: { label: string; share: number | null; text: string }) {
  const percent = share === null ? null : Math.min(100, Math.round(share * 100));
  return (
    <div class="load">
      <span class="small">
        <b>{label}</b> <span class="muted">{text}</span>
      </span>
      {percent !== null && (
        <span
          class={`bar${percent >= 90 ? ' full' : ''}`}
          role="meter"
          aria-label={`${label} that stacks use`}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={percent}
          aria-valuetext={text}
        >
          <i style={{ width: `${percent}%` }} />
        </span>
      )}
    </div>
  );
}

function tellNumber(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: 2 });
}
