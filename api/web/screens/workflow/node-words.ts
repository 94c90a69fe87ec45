import {
  Box,
  Clock,
  CirclePlay,
  Database,
  FileCode,
  FileSliders,
  Globe,
  HardDrive,
  Layers,
  Lock,
  Network,
  Puzzle,
  Shield,
  TrendingUp,
} from 'lucide';
import type { IconNode } from 'lucide';
import type { HealthWord, StepView } from '../../client/api-types.ts';
import type { Words } from '../../client/words.ts';
import { count, HEALTH } from '../../client/words.ts';
import type {
  Catalogue,
  Connection,
  Fill,
  ResourceTree,
  ResourceView,
  WorkflowNode,
} from '../../client/workflow-types.ts';
import { showValue } from '../../parts/value.tsx';
import { asFields, nameOf, templateOf } from './edit/graph.ts';

const ICONS: Readonly<Record<string, IconNode>> = {
  deployment: Box,
  statefulset: Database,
  daemonset: Layers,
  job: CirclePlay,
  cronjob: Clock,
  service: Network,
  ingress: Globe,
  configmap: FileSliders,
  secret: Lock,
  persistentvolumeclaim: HardDrive,
  hpa: TrendingUp,
  networkpolicy: Shield,
  manifest: FileCode,
};

export function iconOf(type: string): IconNode {
  return ICONS[type] ?? Puzzle;
}

/** Kind of a node in words. */
export function typeWords(catalogue: Catalogue, node: WorkflowNode): string {
  return templateOf(catalogue, node)?.display_name ?? node.type;
}

/** State of a node on the cluster. */
export interface NodeState {
  readonly words: Words;
  readonly health: HealthWord;
  readonly message: string | null;
}

/** Kind of a node's object in small letters. */
function kindOf({ type, data }: WorkflowNode): string | null {
  if (type === 'hpa') return 'horizontalpodautoscaler';
  const source = type === 'manifest' ? asFields(data['manifest']) : type === 'plugin' ? data : null;
  if (source === null) return type;
  return typeof source['kind'] === 'string' ? source['kind'].toLowerCase() : null;
}

/** States of nodes by id: what the cluster was seen to have, and what is being done to it now. */
export function statesOf(
  nodes: readonly WorkflowNode[],
  tree: ResourceTree | null,
  steps: readonly StepView[],
): ReadonlyMap<string, NodeState> {
  const resources = [...(tree?.services ?? []).flatMap((one) => one.resources), ...(tree?.others ?? [])];
  return new Map(
    nodes.flatMap((node): readonly (readonly [string, NodeState])[] => {
      const step = steps.find(({ name }) => isOf(node, name));
      if (step?.status === 'running')
        return [[node.id, { ...wordsOf('starting'), message: step.message ?? 'is being applied now' }]];
      if (step?.status === 'failed') return [[node.id, { ...wordsOf('failed'), message: step.message }]];
      const found = resources.find(({ id }) => isOf(node, id));
      return found === undefined ? [] : [[node.id, { ...wordsOf(found.status), message: found.message }]];
    }),
  );
}

function wordsOf(status: ResourceView['status']): Pick<NodeState, 'words' | 'health'> {
  const health = (Object.hasOwn(HEALTH, status) ? status : 'unknown') as HealthWord;
  return { words: HEALTH[health], health };
}

/** Tells whether `prod/Deployment.apps/shop/web` is what a node describes. */
function isOf(node: WorkflowNode, resource: string): boolean {
  const [, kind = '', ...rest] = resource.split('/');
  const wanted = kindOf(node);
  const own = (kind.split('.', 1)[0] ?? '').toLowerCase();
  return rest.at(-1) === nameOf(node) && (wanted === null || wanted === own);
}

/** Meaning of a connection in a sentence; names stand in for ids. */
export function tellConnection(
  link: string | null,
  names: { readonly provider: string; readonly dependent: string },
): string {
  const { provider, dependent } = names;
  switch (link) {
    case 'service':
      return `${dependent} is the address of ${provider}`;
    case 'ingress':
      return `${dependent} lets visitors in to ${provider}`;
    case 'hpa':
      return `${dependent} scales ${provider}`;
    case 'mount':
      return `${dependent} gets ${provider}`;
    case 'networkpolicy':
      return `${dependent} guards ${provider}`;
    case 'certificate':
      return `${dependent} takes its certificate from ${provider}`;
    default:
      return `${dependent} begins once ${provider} is ready`;
  }
}

/** The same of the node that gets something, which stands above it: `Gets settings`. */
export function tellGets(link: string | null, provider: string): string {
  const text = tellConnection(link, { provider, dependent: '' }).trimStart();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `targetPort 8000`, `mounted at /data`, `variable LOG_LEVEL`. */
function tellFill({ field, value, kind }: Fill): string {
  if (kind === 'mount') return `mounted at ${showValue(value)}`;
  return kind === 'variable' ? `variable ${field}` : `${field} ${showValue(value)}`;
}

/** Everything that a connection fills in. */
export function tellFills({ link, fills }: Connection): string {
  if (fills.some(({ kind }) => kind === 'field')) return `fills in ${fills.map(tellFill).join(', ')}`;
  if (fills.length > 0) return fills.map(tellFill).join(', ');
  return link === null ? 'only the order' : 'nothing is left to fill in';
}

/** Words that fit on the line between two nodes. */
export function tellShortly({ link, fills }: Connection): string {
  if (link === null) return 'then';
  const mount = fills.find(({ kind }) => kind === 'mount');
  const variables = fills.filter(({ kind }) => kind === 'variable').length;
  const fields = fills.filter(({ kind }) => kind === 'field').length;
  const parts = [
    ...(mount === undefined ? [] : [showValue(mount.value)]),
    ...(variables === 0 ? [] : [`+${variables}`]),
    ...(fields === 0 ? [] : [`fills ${count(fields, 'field')}`]),
  ];
  const text = parts.join(' ');
  return text.length > 18 ? `…${text.slice(-17)}` : text;
}
