import { useState } from 'preact/hooks';
import { Link2Off } from 'lucide';
import type { WorkflowNode } from '../../client/workflow-types.ts';
import { Findings } from '../../parts/findings.tsx';
import { Icon } from '../../parts/icon.tsx';
import { connect, disconnect, meaningOf } from './edit/graph.ts';
import { tellConnection, tellFills } from './node-words.ts';
import { useWork } from './work.ts';

/** Connections of a node with what they fill in, and those that it could have. */
export function Connections({ node }: { node: WorkflowNode }) {
  const { edges } = useWork();
  const own = edges
    .map((edge, index) => ({ ...edge, index }))
    .filter(({ source, target }) => source === node.id || target === node.id);
  return (
    <section class="panel-part" aria-label="Connections">
      <h3>Connections</h3>
      {own.length === 0 && <p class="muted small">None yet.</p>}
      <ul class="connections">
        {own.map(({ index, source, target }) => (
          <Connected key={`${source} ${target} ${index}`} index={index} source={source} target={target} />
        ))}
      </ul>
      <Connect node={node} />
    </section>
  );
}

function Connected({ index, source, target }: { index: number; source: string; target: string }) {
  const { editor, findings, isReadOnly } = useWork();
  const known = findings.connections.find(
    (one) => one.index === index && one.source === source && one.target === target,
  );
  const wrong = findings.byEdge.get(index) ?? [];
  return (
    <li>
      <div>
        <p>
          {known === undefined
            ? `${source} and ${target}`
            : tellConnection(known.link, { provider: known.first, dependent: known.second })}
        </p>
        {known !== undefined && known.link !== null && <p class="muted small">{tellFills(known)}</p>}
        {wrong.length > 0 && <Findings of={wrong} />}
      </div>
      {!isReadOnly && (
        <button
          type="button"
          class="icon-button"
          aria-label={`Take out the connection of ${source} and ${target}`}
          title="Take out"
          onClick={() => editor.edit((document) => disconnect(document, index))}
        >
          <Icon of={Link2Off} size={16} />
        </button>
      )}
    </li>
  );
}

/** Offers the nodes with which a connection means something. */
function Connect({ node }: { node: WorkflowNode }) {
  const { editor, catalogue, nodes, edges, isReadOnly } = useWork();
  const [chosen, choose] = useState('');
  if (isReadOnly) return null;
  const others = nodes.filter(
    (other) =>
      meaningOf(catalogue, node, other) !== null &&
      !edges.some(
        ({ source, target }) =>
          (source === node.id && target === other.id) || (source === other.id && target === node.id),
      ),
  );
  if (others.length === 0)
    return <p class="muted small">There is no other node with which a connection would mean something.</p>;
  const target = others.some(({ id }) => id === chosen) ? chosen : (others[0]?.id ?? '');
  const tell = (other: WorkflowNode): string => {
    const meaning = meaningOf(catalogue, node, other);
    const rule = catalogue.links.find(({ kind }) => kind === meaning);
    const isProvider = rule === undefined || rule.provider.includes(node.type);
    const [provider, dependent] = isProvider ? [node.id, other.id] : [other.id, node.id];
    return tellConnection(meaning === 'order' ? null : meaning, { provider, dependent });
  };
  return (
    <div class="connect">
      <label class="field">
        <span>Connect with</span>
        <select value={target} onChange={(event) => choose(event.currentTarget.value)}>
          {others.map((other) => (
            <option key={other.id} value={other.id}>
              {other.id}: {tell(other)}
            </option>
          ))}
        </select>
      </label>
      <button
        type="button"
        onClick={() => {
          const rule = catalogue.links.find(({ provider, dependent }) => {
            const other = nodes.find(({ id }) => id === target);
            return other !== undefined && provider.includes(other.type) && dependent.includes(node.type);
          });
          const [from, to] = rule === undefined ? [node.id, target] : [target, node.id];
          editor.edit((document) => connect(document, from, to));
        }}
      >
        Connect {node.id} with {target}
      </button>
    </div>
  );
}
