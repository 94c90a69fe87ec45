import { analyzeWorkflow } from '../../../reconciler/config/workflow/analyze-workflow.ts';
import type { WorkflowAnalysis } from '../../../reconciler/config/workflow/analyze-workflow.ts';
import { toDiagnostics } from '../../../reconciler/config/kombination/analyze.ts';
import type { Diagnostic } from '../../../reconciler/base/diagnostic.ts';
import type { DesiredResource } from '../../../reconciler/model/resource.ts';
import { Secret } from '../../../reconciler/model/secret.ts';
import { renderWorkflow } from '../../../reconciler/render/kubernetes/workflow/workflow.ts';
import { checkSchema } from '../desired-fixtures.ts';

const FILE = 'workflows/shop.yaml';

/** A workflow with the given lines under `nodes:` and `edges:`, one flow-style entry each. */
export function workflow(
  nodes: readonly string[],
  edges: readonly string[] = [],
  head: readonly string[] = [],
): string {
  return [
    'name: shop',
    'cluster: prod',
    'status: published',
    ...head,
    'nodes:',
    ...nodes.map((node) => `  - ${node}`),
    ...(edges.length > 0 ? ['edges:', ...edges.map((edge) => `  - ${edge}`)] : []),
    '',
  ].join('\n');
}

export function analyzeText(text: string): WorkflowAnalysis {
  return analyzeWorkflow({ file: FILE, text, tree: new Map(), checkSchema });
}

export function diagnose(text: string): readonly Diagnostic[] {
  const { document, diagnostics } = analyzeText(text);
  return toDiagnostics(FILE, document, diagnostics);
}

/** Every secret reference leads to a secret of this value. */
export function renderText(text: string, value = 'correct-horse'): readonly DesiredResource[] {
  const lookup = (reference: string) => new Secret(value, reference);
  return renderWorkflow({ analysis: analyzeText(text), file: FILE, target: 'prod', lookup, registries: [] });
}
