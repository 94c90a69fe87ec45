import { TriangleAlert } from 'lucide';
import type { FileDiff, Effect } from '../../client/history-types.ts';
import { agree, count, enumerate } from '../../client/words.ts';
import { FileDiffs } from '../../parts/edit/file-diffs.tsx';
import { Findings } from '../../parts/findings.tsx';
import { Icon } from '../../parts/icon.tsx';
import { PlanView } from './plan-view.tsx';

interface EffectViewProps {
  readonly files: readonly FileDiff[];
  readonly effect: Effect;
  /** File whose findings are shown elsewhere, at their lines. */
  readonly openFile?: string;
}

/** Everything that a commit would do: to the files, and then to what runs. */
export function EffectView({ files, effect, openFile }: EffectViewProps) {
  return (
    <>
      <section class="effect">
        <h2>{files.length === 0 ? 'No file changes' : `${count(files.length, 'file')} in the commit`}</h2>
        {files.length > 0 && <FileDiffs of={files} />}
      </section>
      <ThenRuns effect={effect} openFile={openFile} />
    </>
  );
}

/** Findings, and the plan that a commit leads to. */
export function ThenRuns({
  effect: { diagnostics, plan, others },
  openFile,
}: {
  effect: Effect;
  openFile?: string | undefined;
}) {
  const ofPlan = (plan?.diagnostics ?? []).filter((one) => !isIn(one, diagnostics));
  const findings = [...diagnostics, ...ofPlan].filter(
    ({ file, line }) => file !== openFile || file === undefined || line === undefined,
  );
  return (
    <section class="effect">
      <h2>What then happens</h2>
      {findings.length > 0 && (
        <div class="notice">
          <Findings of={findings} />
        </div>
      )}
      {others.length > 0 && (
        <div class="notice tone-warn">
          <Icon of={TriangleAlert} />
          <p>
            {enumerate(others)} {agree(others.length, 'uses', 'use')} these files too, and may change with
            them.
          </p>
        </div>
      )}
      {plan === null ? <p>{tellNoPlan(diagnostics)}</p> : <PlanView plan={{ ...plan, diagnostics: [] }} />}
      {plan !== null && plan.confirmations.length > 0 && (
        <div class="notice tone-warn">
          <Icon of={TriangleAlert} />
          <div>
            <p>After the commit it waits for somebody to agree on the screen “Plan”:</p>
            <ul>
              {plan.confirmations.map(({ message }) => (
                <li key={message}>{message}</li>
              ))}
            </ul>
          </div>
        </div>
      )}
    </section>
  );
}

function isIn(one: Effect['diagnostics'][number], others: Effect['diagnostics']): boolean {
  return others.some(
    ({ code, message, file }) => code === one.code && message === one.message && file === one.file,
  );
}

function tellNoPlan(diagnostics: Effect['diagnostics']): string {
  return diagnostics.some(({ severity }) => severity === 'error')
    ? 'Nothing, until the errors are mended.'
    : 'That cannot be said now: its machine does not answer. It is applied once it does.';
}
