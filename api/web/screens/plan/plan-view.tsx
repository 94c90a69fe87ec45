import { useState } from 'preact/hooks';
import { Clock, CloudOff, TriangleAlert } from 'lucide';
import type { ContentChange, PlanChange, PlanDocument } from '../../client/api-types.ts';
import { agree, count, enumerate } from '../../client/words.ts';
import { Diff } from '../../parts/diff.tsx';
import { Findings } from '../../parts/findings.tsx';
import { Icon } from '../../parts/icon.tsx';
import { SourceLink } from '../../parts/source-link.tsx';
import { Value } from '../../parts/value.tsx';
import { ACTION_WORDS, tellSummary } from './plan-words.ts';
import './plan.css';

interface PlanViewProps {
  readonly plan: PlanDocument;
  /** Services that are not well, each with the reason in words. Default: none. */
  readonly unwell?: readonly string[];
}

/** Effects of a plan: a sentence, what keeps it, and every change field by field. What stays as it is is only counted. */
export function PlanView({ plan, unwell = [] }: PlanViewProps) {
  const changes = plan.changes.filter(({ action }) => action !== 'no-op');
  return (
    <>
      <p class="plan-summary">{tellSummary(plan, unwell)}</p>
      <Obstacles plan={plan} />
      <ul class="changes">
        {changes.map((change) => (
          <li key={change.id} class="card">
            <Change change={change} revision={plan.revision} />
          </li>
        ))}
      </ul>
      <Unchanged of={plan.changes.filter(({ action }) => action === 'no-op')} />
    </>
  );
}

function Obstacles({ plan: { diagnostics, unreachable = [], waitsFor = [] } }: { plan: PlanDocument }) {
  return (
    <>
      {diagnostics.length > 0 && (
        <div class="notice">
          <Findings of={diagnostics} />
        </div>
      )}
      {unreachable.map(({ target, message }) => (
        <div key={target} class="notice tone-warn">
          <Icon of={CloudOff} />
          <p>
            <b>{target}</b> does not answer, so what is meant for it is not in this plan: {message}
          </p>
        </div>
      ))}
      {waitsFor.length > 0 && (
        <div class="notice tone-busy">
          <Icon of={Clock} />
          <p>
            It is applied once {enumerate(waitsFor)} {agree(waitsFor.length, 'is', 'are')} in sync.
          </p>
        </div>
      )}
    </>
  );
}

/** Reason for a change, in words. What is to be made is not looked for in vain: it is only not there yet. */
function tellCause({ action, cause }: PlanChange): string {
  return action === 'create' && cause === 'not found' ? 'not there yet' : cause;
}

function Change({ change, revision }: { change: PlanChange; revision: string | null }) {
  const { action, kind, name, target, origin, fields, contents = [] } = change;
  return (
    <>
      <div class="card-head">
        <h2>
          <span class={`action ${action}`}>{ACTION_WORDS[action]}</span> {kind} {name}
        </h2>
        <span class="muted small">on {target}</span>
      </div>
      <div class="card-body">
        <p>
          {tellCause(change)}
          {origin !== null && (
            <>
              {' · '}
              <SourceLink {...origin} column={undefined} commit={revision} />
            </>
          )}
        </p>
        <Fields of={contents.length > 0 ? fields.filter(({ path }) => !BLOB.test(path)) : fields} />
        {(action === 'create' || action === 'delete') && (
          <Whole of={change.after ?? change.before} action={action} />
        )}
        {contents.map((content) => (
          <Content key={content.target} content={content} />
        ))}
      </div>
    </>
  );
}

/** A file as a number; its lines tell more. */
const BLOB = /^files\[\d+\]\.blob$/;

function Fields({ of }: { of: PlanChange['fields'] }) {
  if (of.length === 0) return null;
  return (
    <div class="table-frame">
      <table class="fields">
        <thead>
          <tr>
            <th>Field</th>
            <th>Now</th>
            <th>Then</th>
          </tr>
        </thead>
        <tbody>
          {of.map(({ path, before, after, sensitive }) => (
            <tr key={path}>
              <td>
                <code>{path}</code>
              </td>
              <td class="removed">
                <Value of={before} sensitive={sensitive} />
              </td>
              <td class="added">
                <Value of={after} sensitive={sensitive} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The whole of what is made or goes, for those who want to see it. */
function Whole({
  of,
  action,
}: {
  of: Readonly<Record<string, unknown>> | null;
  action: 'create' | 'delete';
}) {
  if (of === null || Object.keys(of).length === 0) return null;
  return (
    <details>
      <summary>{action === 'create' ? 'How it will be' : 'How it is'}</summary>
      <dl class="whole">
        {Object.entries(of).map(([key, value]) => (
          <div key={key}>
            <dt>{key}</dt>
            <dd>
              <Value of={value} />
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function Content({
  content: { target, source, lines, omitted, binary, before, after },
}: {
  content: ContentChange;
}) {
  const what = before === null ? 'new file' : after === null ? 'goes' : 'changes';
  return (
    <figure class="content">
      <figcaption>
        <code>{target}</code> {what}
        {source !== undefined && (
          <>
            , from <SourceLink file={source} />
          </>
        )}
        {binary === true && ' (no text)'}
      </figcaption>
      {lines !== undefined && (
        <Diff lines={lines} omitted={omitted ?? 0} label={`Lines of ${target} that change`} />
      )}
    </figure>
  );
}

function Unchanged({ of }: { of: readonly PlanChange[] }) {
  const [isOpen, setOpen] = useState(false);
  if (of.length === 0) return null;
  return (
    <details class="unchanged" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{count(of.length, 'resource')} as described</summary>
      {isOpen && (
        <ul>
          {of.map(({ id, kind, name, target }) => (
            <li key={id}>
              {kind} {name} <span class="muted">on {target}</span>
            </li>
          ))}
        </ul>
      )}
    </details>
  );
}

interface ConfirmationsProps {
  readonly plan: PlanDocument;
  readonly given: ReadonlySet<string>;
  readonly give: (messages: ReadonlySet<string>) => void;
}

/** Everything that needs a yes, each with a box. */
export function Confirmations({ plan: { confirmations }, given, give }: ConfirmationsProps) {
  if (confirmations.length === 0) return null;
  return (
    <fieldset class="notice tone-warn confirmations">
      <legend class="visually-hidden">This needs your yes</legend>
      <Icon of={TriangleAlert} />
      <div>
        {confirmations.map(({ message, ids }) => (
          <label key={message} class="check">
            <input
              type="checkbox"
              checked={given.has(message)}
              onChange={() => {
                const next = new Set(given);
                if (!next.delete(message)) next.add(message);
                give(next);
              }}
            />
            <span>
              {message}
              {ids.length > 0 && <span class="muted small"> ({ids.join(', ')})</span>}
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
