import { stringify } from 'yaml';
import { analyzeCompose } from '../../../reconciler/config/compose/graph/analyze-compose.ts';
import { updateTree } from '../../../reconciler/config/file-tree.ts';
import type { ComposeAnalysis, GraphNode } from '../../../reconciler/model/imports/compose-analysis.ts';
import { checkSchema } from '../desired-fixtures.ts';

/** The graph of a Compose text, beside files that are their own blob ids. */
export function graphOf(
  text: string,
  files: Readonly<Record<string, string>> = {},
  more: { readonly namespace?: string } = {},
): ComposeAnalysis {
  const all = { ...files, 'compose.yaml': text };
  const tree = updateTree(
    new Map(),
    Object.keys(all).map((path) => ({ path, file: { type: 'file' as const, blob: path } })),
  );
  return analyzeCompose({
    files: ['compose.yaml'],
    tree,
    texts: new Map(Object.entries(all)),
    fallbackName: 'shop',
    checkSchema,
    ...more,
  }).analysis;
}

/** The graph as the file of a workflow. */
export function workflowOf({ nodes, edges }: Pick<ComposeAnalysis, 'nodes' | 'edges'>): string {
  return stringify({ name: 'shop', cluster: 'main', status: 'published', nodes, edges });
}

export function nodeOf({ nodes }: ComposeAnalysis, id: string): GraphNode {
  const found = nodes.find((node) => node.id === id);
  if (found === undefined) throw new Error(`there is no ${id}: ${nodes.map((node) => node.id).join(', ')}`);
  return found;
}
