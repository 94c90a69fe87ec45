import type { ComponentChildren } from 'preact';
import { count } from '../../client/words.ts';
import type { GraphDifference, WorkflowNode } from '../../client/workflow-types.ts';
import { Icon } from '../../parts/icon.tsx';
import { Value } from '../../parts/value.tsx';
import { isSame, nameOf } from './edit/graph.ts';
import { iconOf } from './node-words.ts';

/** Difference of two graphs: nodes, their fields, connections. */
export function Difference({ of }: { of: GraphDifference }) {
  const edges = of.added_edges.length + of.removed_edges.length;
  const nodes = of.added_nodes.length + of.removed_nodes.length + of.modified_nodes.length;
  if (edges + nodes === 0) return <p>They describe the same.</p>;
  return (
    <>
      <p class="difference-summary" aria-live="polite">
        {tellDifference(of)}
      </p>
      <ul class="differences">
        {of.added_nodes.map((node) => (
          <One key={node.id} node={node} kind="added" words="more" />
        ))}
        {of.removed_nodes.map((node) => (
          <One key={node.id} node={node} kind="removed" words="gone" />
        ))}
        {of.modified_nodes.map(({ before, after }) => (
          <One key={after.id} node={after} kind="modified" words="changed">
            <Changes before={before} after={after} />
          </One>
        ))}
        {of.added_edges.map(({ source, target }) => (
          <li key={`+${source} ${target}`} class="difference added">
            <b>more</b> Connection of {source} and {target}
          </li>
        ))}
        {of.removed_edges.map(({ source, target }) => (
          <li key={`-${source} ${target}`} class="difference removed">
            <b>gone</b> Connection of {source} and {target}
          </li>
        ))}
      </ul>
    </>
  );
}

/** `1 node more, 2 nodes changed, 1 connection gone.` */
function tellDifference(of: GraphDifference): string {
  const parts = [
    [of.added_nodes.length, 'node', 'more'],
    [of.removed_nodes.length, 'node', 'gone'],
    [of.modified_nodes.length, 'node', 'changed'],
    [of.added_edges.length, 'connection', 'more'],
    [of.removed_edges.length, 'connection', 'gone'],
  ] as const;
  const told = parts.filter(([number]) => number > 0);
  return `${told.map(([number, what, how]) => `${count(number, what)} ${how}`).join(', ')}.`;
}

interface OneProps {
  readonly node: WorkflowNode;
  readonly kind: 'added' | 'removed' | 'modified';
  readonly words: string;
  readonly children?: ComponentChildren;
}

function One({ node, kind, words, children }: OneProps) {
  return (
    <li class={`difference ${kind}`}>
      <p>
        <b>{words}</b> <Icon of={iconOf(node.type)} size={16} /> {nameOf(node)}{' '}
        <span class="muted">
          {node.type} · {node.id}
        </span>
      </p>
      {children}
    </li>
  );
}

function Changes({ before, after }: { before: WorkflowNode; after: WorkflowNode }) {
  const names = [...new Set([...Object.keys(before.data), ...Object.keys(after.data)])];
  const changed = names.filter((name) => !isSame(before.data[name], after.data[name]));
  return (
    <dl class="changed-fields">
      {changed.map((name) => (
        <div key={name}>
          <dt>
            <code>{name}</code>
          </dt>
          <dd>
            <Value of={before.data[name]} /> <span class="muted">becomes</span>{' '}
            <Value of={after.data[name]} />
          </dd>
        </div>
      ))}
    </dl>
  );
}
