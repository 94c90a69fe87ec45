import type { Node, NodeProps } from '@xyflow/react';
import { Handle, Position } from '@xyflow/react';
import { CircleX, TriangleAlert } from 'lucide';
import { count } from '../../../client/words.ts';
import type { WorkflowNode } from '../../../client/workflow-types.ts';
import { Icon } from '../../../parts/icon.tsx';
import { HealthState } from '../../../parts/state.tsx';
import { nameOf } from '../edit/graph.ts';
import type { NodeState } from '../node-words.ts';
import { iconOf } from '../node-words.ts';

interface DrawnData extends Record<string, unknown> {
  readonly node: WorkflowNode;
  readonly words: string;
  readonly state: NodeState | undefined;
  readonly errors: number;
  readonly warnings: number;
  /** Later nodes stand below, not to the right. */
  readonly isDown: boolean;
}

export type DrawnNode = Node<DrawnData, 'object'>;

/** A node as it is drawn: what it is, what it is called, and how it is. */
export function CanvasNode({ data, selected }: NodeProps<DrawnNode>) {
  const { node, words, state, errors, warnings, isDown } = data;
  return (
    <div class={`drawn-node${selected ? ' selected' : ''}`}>
      <Handle type="target" position={isDown ? Position.Top : Position.Left} />
      <Icon of={iconOf(node.type)} />
      <div class="drawn-text">
        <b title={nameOf(node)}>{nameOf(node)}</b>
        <span class="muted small">{words}</span>
        {errors + warnings > 0 ? (
          <span class={`badge tone-${errors > 0 ? 'bad' : 'warn'}`}>
            <Icon of={errors > 0 ? CircleX : TriangleAlert} size={14} /> {count(errors + warnings, 'finding')}
          </span>
        ) : (
          state !== undefined && <HealthState of={state.health} />
        )}
      </div>
      <Handle type="source" position={isDown ? Position.Bottom : Position.Right} />
    </div>
  );
}
