import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { StackDetail } from '../../client/api-types.ts';
import type { Catalogue, WorkflowEdge, WorkflowNode } from '../../client/workflow-types.ts';
import type { Editor } from './edit/editor.ts';
import type { NodeState } from './node-words.ts';
import type { Findings } from './use-check.ts';

/** Everything that the views of one workflow share. */
export interface Work {
  readonly stack: StackDetail;
  readonly editor: Editor;
  readonly catalogue: Catalogue;
  readonly nodes: readonly WorkflowNode[];
  readonly edges: readonly WorkflowEdge[];
  readonly findings: Findings;
  readonly states: ReadonlyMap<string, NodeState>;
  /** Id of the node whose panel is open. */
  readonly selected: string | null;
  readonly select: (id: string | null) => void;
  readonly isReadOnly: boolean;
}

export const WorkContext = createContext<Work | null>(null);

export function useWork(): Work {
  const work = useContext(WorkContext);
  if (work === null) throw new Error('internal: a part of a workflow without one');
  return work;
}
