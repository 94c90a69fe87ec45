import { useLocation } from 'preact-iso';
import { useState } from 'preact/hooks';
import type { JobView } from '../../client/api-types.ts';
import { post } from '../../client/request.ts';
import { jobAddress } from '../../client/stack-address.ts';
import { count } from '../../client/words.ts';
import { announce } from '../../app/announce.tsx';
import { Confirm } from '../../parts/confirm.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { asFields, nameOf } from './edit/graph.ts';
import { useWork } from './work.ts';

interface Wanted {
  readonly kind: 'secrets' | 'variables';
  readonly node: string;
  readonly name: string;
  readonly key: string;
  /** No value of it is kept yet. */
  readonly isMissing: boolean;
}

/** Values that a run can be given: keys of secrets, and variables that no connection gives. */
function useWanted(): readonly Wanted[] {
  const { nodes, findings, catalogue, stack } = useWork();
  const given = new Set(
    findings.connections.flatMap(({ fills }) =>
      fills.filter(({ kind }) => kind === 'variable').map(({ node, field }) => `${node} ${field}`),
    ),
  );
  const isMissing = (path: string): boolean =>
    stack.diagnostics.some((one) => one.code === 'SECRET_NOT_FOUND' && one.path === path);
  return nodes.flatMap((node, at): readonly Wanted[] => {
    const common = { node: node.id, name: nameOf(node) };
    if (node.type === 'secret')
      return listOf(node.data['keys']).flatMap((item, index) => {
        const { name, value } = asFields(item);
        const place = `nodes[${at}].data.keys[${index}].name`;
        return typeof name !== 'string' || value !== undefined
          ? []
          : [{ ...common, kind: 'secrets' as const, key: name, isMissing: isMissing(place) }];
      });
    if (!catalogue.workloads.includes(node.type)) return [];
    return listOf(node.data['envKeys']).flatMap((key, index) =>
      typeof key !== 'string' || given.has(`${node.id} ${key}`)
        ? []
        : [
            {
              ...common,
              kind: 'variables' as const,
              key,
              isMissing: isMissing(`nodes[${at}].data.envKeys[${index}]`),
            },
          ],
    );
  });
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Applies the workflow as it is saved, with values for its secrets. */
export function RunDialog({ publish, onClose }: { publish: () => void; onClose: () => void }) {
  const { editor } = useWork();
  if (editor.document.value['status'] === 'published') return <Run onClose={onClose} />;
  return (
    <Dialog title="It is not published" onClose={onClose}>
      <p>
        Only published workflows are applied. Publishing is a change of its file: you see it, and what it does
        on the cluster, before it is saved.
      </p>
      <div class="actions">
        <button type="button" onClick={onClose}>
          Cancel
        </button>
        <button
          type="button"
          class="primary"
          onClick={() => {
            editor.edit((document) => ({ ...document, status: 'published' }));
            publish();
          }}
        >
          Publish: show what changes
        </button>
      </div>
    </Dialog>
  );
}

type Values = Readonly<Record<string, string>>;

function idOf({ kind, node, key }: Wanted): string {
  return `${kind} ${node} ${key}`;
}

/** Values by node and key. */
function bodyOf(filled: readonly Wanted[], values: Values) {
  const body: Record<Wanted['kind'], Record<string, Record<string, string>>> = { secrets: {}, variables: {} };
  for (const one of filled) (body[one.kind][one.node] ??= {})[one.key] = values[idOf(one)] ?? '';
  return body;
}

function Value({ of, value, give }: { of: Wanted; value: string; give: (value: string) => void }) {
  return (
    <label class="field">
      <span>
        {of.key} <span class="muted">of {of.name}</span>
      </span>
      <input
        type="password"
        autocomplete="new-password"
        placeholder={of.isMissing ? 'needed' : 'kept already; leave blank to keep it'}
        value={value}
        onInput={(event) => give(event.currentTarget.value)}
      />
    </label>
  );
}

function Run({ onClose }: { onClose: () => void }) {
  const { route } = useLocation();
  const { stack } = useWork();
  const wanted = useWanted();
  const [values, setValues] = useState<Values>({});
  const filled = wanted.filter((one) => (values[idOf(one)] ?? '') !== '');
  const missing = wanted.filter((one) => one.isMissing && (values[idOf(one)] ?? '') === '');
  const run = async (): Promise<void> => {
    const path = `/workflows/${encodeURIComponent(stack.name)}/runs`;
    const { job, version } = await post<{
      readonly job: JobView;
      readonly version: { readonly number: number };
    }>(path, bodyOf(filled, values));
    announce(`Run of version ${version.number} has begun.`, { href: jobAddress(job.id), text: 'Watch it' });
    route(jobAddress(job.id));
  };
  return (
    <Confirm
      title={`Run ${stack.name}`}
      action={filled.length === 0 ? 'Run it' : `Run it with ${count(filled.length, 'new value')}`}
      canConfirm={missing.length === 0}
      onConfirm={run}
      onClose={onClose}
    >
      <p>
        Applies what is saved to the cluster, and marks it as a version.
        {wanted.length > 0 && ' Values that you give are kept, encrypted, and never shown again.'}
      </p>
      {wanted.map((one) => (
        <Value
          key={idOf(one)}
          of={one}
          value={values[idOf(one)] ?? ''}
          give={(value) => setValues((before) => ({ ...before, [idOf(one)]: value }))}
        />
      ))}
      {missing.length > 0 && <p class="muted small">{count(missing.length, 'value')} missing</p>}
    </Confirm>
  );
}
