import { useRef } from 'preact/hooks';
import { CircleX, TriangleAlert } from 'lucide';
import type { WorkflowNode } from '../../client/workflow-types.ts';
import { count } from '../../client/words.ts';
import { useListKeys } from '../../app/use-list-keys.ts';
import { Icon } from '../../parts/icon.tsx';
import { HealthState } from '../../parts/state.tsx';
import { nameOf } from './edit/graph.ts';
import { iconOf, tellFills, tellGets, typeWords } from './node-words.ts';
import { useWork } from './work.ts';

/** The graph as a list: everything that the canvas can do, for the keyboard and for narrow screens. */
export function ListView() {
  const { nodes, select } = useWork();
  const list = useRef<HTMLUListElement>(null);
  useListKeys(list, '.node-open', 'node');
  return (
    <ul ref={list} class="node-list" aria-label={count(nodes.length, 'node')}>
      {nodes.map((node) => (
        <Item key={node.id} node={node} open={() => select(node.id)} />
      ))}
    </ul>
  );
}

function Item({ node, open }: { node: WorkflowNode; open: () => void }) {
  const { catalogue, findings, states, selected } = useWork();
  const found = findings.byNode.get(node.id) ?? [];
  const state = states.get(node.id);
  const isWrong = found.some(({ severity }) => severity === 'error');
  return (
    <li class={`card node-card${selected === node.id ? ' selected' : ''}`}>
      <div class="node-head">
        <Icon of={iconOf(node.type)} />
        <div class="node-name">
          <button
            type="button"
            class="node-open"
            id={`open-${node.id}`}
            aria-expanded={selected === node.id}
            onClick={open}
          >
            {nameOf(node)}
          </button>
          <span class="muted small">
            {typeWords(catalogue, node)}
            {nameOf(node) !== node.id && <> · {node.id}</>}
          </span>
        </div>
        {found.length > 0 && (
          <span class={`badge tone-${isWrong ? 'bad' : 'warn'}`}>
            <Icon of={isWrong ? CircleX : TriangleAlert} size={15} />
            {count(found.length, 'finding')}
          </span>
        )}
        {state !== undefined && <HealthState of={state.health} />}
      </div>
      {state?.message !== null && state?.message !== undefined && <p class="small">{state.message}</p>}
      <Gets node={node} />
    </li>
  );
}

/** Says what a node gets from others. */
function Gets({ node }: { node: WorkflowNode }) {
  const { findings } = useWork();
  const own = findings.connections.filter(({ second }) => second === node.id);
  if (own.length === 0) return null;
  return (
    <ul class="gets small">
      {own.map((one) => (
        <li key={one.index}>
          {tellGets(one.link, one.first)}
          {one.link !== null && <span class="muted">: {tellFills(one)}</span>}
        </li>
      ))}
    </ul>
  );
}
