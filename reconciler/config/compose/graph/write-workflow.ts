import { Document } from 'yaml';
import type { ComposeAnalysis } from '../../../model/imports/compose-analysis.ts';

/** The graph of a project as the file of a workflow, a draft. */
export function writeWorkflow({ name, nodes, edges }: ComposeAnalysis, cluster: string): string {
  const workflow = { name, cluster, status: 'draft', nodes, edges };
  return new Document(workflow, { aliasDuplicateObjects: false }).toString({ lineWidth: 0 });
}
