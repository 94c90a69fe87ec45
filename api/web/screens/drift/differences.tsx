import { useState } from 'preact/hooks';
import { EyeOff, TriangleAlert } from 'lucide';
import type { DriftChange, PlanDocument, StackDetail } from '../../client/api-types.ts';
import { query } from '../../client/request.ts';
import { stackAddress } from '../../client/stack-address.ts';
import { agree, count } from '../../client/words.ts';
import { may } from '../../app/session.ts';
import { Icon } from '../../parts/icon.tsx';
import { Value } from '../../parts/value.tsx';
import { describedValue, isDescribed, useDescribed } from './described.ts';
import { Resolve } from './resolve.tsx';

/** Fields that differ, resource by resource, and what can be done about it. */
export function Differences({ stack }: { stack: StackDetail }) {
  const { name, drift, deployment } = stack;
  const plan = useDescribed(name, JSON.stringify(drift.changes));
  const resources = [...new Set(drift.changes.map(({ resource }) => resource))];
  const [left, leave] = useState<ReadonlySet<string>>(new Set());
  const toggle = (resource: string): void => {
    const next = new Set(left);
    if (!next.delete(resource)) next.add(resource);
    leave(next);
  };
  return (
    <>
      <div class="notice tone-warn">
        <Icon of={TriangleAlert} />
        <div>
          <p>
            <b>
              {count(resources.length, 'resource')}{' '}
              {agree(resources.length, 'runs otherwise than it was', 'run otherwise than they were')}{' '}
              deployed.
            </b>
          </p>
          <p>
            Somebody changed it past Git. Put back what Git describes, keep what runs by a commit, or let a
            field differ from now on.
          </p>
        </div>
      </div>
      {resources.map((resource) => (
        <Resource
          key={resource}
          name={name}
          resource={resource}
          changes={drift.changes.filter((one) => one.resource === resource)}
          plan={plan}
          deployed={deployment?.number ?? null}
          isKept={!left.has(resource)}
          toggle={resources.length > 1 && may('deployer') ? toggle : null}
        />
      ))}
      {may('deployer') && (
        <Resolve stack={stack} plan={plan ?? null} kept={resources.filter((one) => !left.has(one))} />
      )}
    </>
  );
}

interface ResourceProps {
  readonly name: string;
  readonly resource: string;
  readonly changes: readonly DriftChange[];
  /** Plan of the present description; `undefined` while it is made, `null` where that is not known. */
  readonly plan: PlanDocument | null | undefined;
  /** Number of the deployment. */
  readonly deployed: number | null;
  readonly isKept: boolean;
  /** `null`: there is nothing to choose. */
  readonly toggle: ((resource: string) => void) | null;
}

function Resource({ name, resource, changes, plan, deployed, isKept, toggle }: ResourceProps) {
  const { kind, title, target } = readResource(resource);
  return (
    <section class="card drifted" aria-label={`${kind} ${title}`}>
      <div class="card-head">
        <h2>
          {kind} {title} <span class="muted small">on {target}</span>
        </h2>
        {toggle !== null && (
          <label class="check small">
            <input type="checkbox" checked={isKept} onChange={() => toggle(resource)} />
            <span>keep it so, when what runs is committed</span>
          </label>
        )}
      </div>
      {changes.every(({ field }) => field === null) ? (
        <p class="card-body">{tellWhole(changes[0], plan)}</p>
      ) : (
        <Fields name={name} changes={changes} plan={plan} deployed={deployed} />
      )}
    </section>
  );
}

/** `local/container/web`: the machine, the kind, the name. */
export function readResource(id: string): { target: string; kind: string; title: string } {
  const [target = '', kind = '', ...rest] = id.split('/');
  return { target, kind, title: rest.join('/') };
}

function tellWhole(change: DriftChange | undefined, plan: PlanDocument | null | undefined): string {
  if (change === undefined) return '';
  const { type, resource } = change;
  const inGit =
    plan === null || plan === undefined
      ? ''
      : ` Git ${isDescribed(plan, resource) ? 'describes it' : 'does not describe it'}.`;
  if (type === 'missing') return `It was deployed, and is not there any more.${inGit}`;
  if (type === 'unexpected') return `It is there, and was not deployed so.${inGit}`;
  return `It differs from what was deployed, in a way that has no single field.${inGit}`;
}

type FieldsProps = Pick<ResourceProps, 'name' | 'changes' | 'plan' | 'deployed'>;

function Fields({ name, changes, plan, deployed }: FieldsProps) {
  return (
    <table class="drift-fields">
      <thead>
        <tr>
          <th>Field</th>
          {plan !== null && <th>Described in Git</th>}
          <th>Deployed{deployed === null ? '' : ` by #${deployed}`}</th>
          <th>Running</th>
          {may('deployer') && (
            <th>
              <span class="visually-hidden">What can be done</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {changes.map((change) => (
          <Field key={change.field} name={name} change={change} plan={plan} />
        ))}
      </tbody>
    </table>
  );
}

function Field({ name, change, plan }: { name: string; change: DriftChange; plan: FieldsProps['plan'] }) {
  const { resource, field, expected, actual } = change;
  return (
    <tr>
      <td>
        <code>{field}</code>
      </td>
      {plan !== null && (
        <td data-label="Described in Git">
          {plan === undefined ? <i class="muted">…</i> : <Value of={describedValue(plan, change)} />}
        </td>
      )}
      <td data-label="Deployed">
        <Value of={expected} />
      </td>
      <td data-label="Running" class="running">
        <Value of={actual} />
      </td>
      {may('deployer') && (
        <td class="ways">
          {field !== null && (
            <a class="button" href={`${stackAddress(name, 'drift')}${query({ ignore: resource, field })}`}>
              <Icon of={EyeOff} size={15} /> Let it differ …<span class="visually-hidden"> ({field})</span>
            </a>
          )}
        </td>
      )}
    </tr>
  );
}
