import type { ObjectView } from '../../../../reconciler/index.ts';
import { asFields, asList, asString } from '../../../../reconciler/index.ts';
import { HttpProblem } from '../../../http/problem.ts';
import type { WorkflowDeps } from '../deps.ts';
import { findResource } from '../resources/resource-routes.ts';

/** A pod, or a container of an engine, and which of its containers is meant. */
export interface Pod {
  readonly object: ObjectView;
  /** Left out where it has but one, of its own name. */
  readonly container: string | undefined;
  /** Facts that a stream begins with. */
  readonly metadata: {
    readonly pod: string;
    readonly container: string;
    readonly namespace: string;
    readonly cluster: string;
  };
}

interface PodRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: { readonly container?: string };
  readonly signal: AbortSignal;
}

/** Throws BAD_REQUEST for a bad id, what is no pod, and a container that it has not; NOT_FOUND. */
export async function findPod(
  deps: WorkflowDeps,
  { params, query, signal }: PodRequest,
  refusal: string,
): Promise<Pod> {
  const object = await findResource(deps, params, signal);
  const { kind, name: pod, namespace, node: cluster } = object;
  if (kind !== 'Pod' && kind !== 'container') throw new HttpProblem('BAD_REQUEST', refusal);
  // The page sends it blank for the first one.
  const wanted = query.container === '' ? undefined : query.container;
  const known = kind === 'Pod' ? containerNames(object) : [pod];
  if (wanted !== undefined && !known.includes(wanted)) {
    const message = `the pod ${pod} has no container ${wanted.slice(0, 100)}; it has: ${known.join(', ')}`;
    throw new HttpProblem('BAD_REQUEST', message);
  }
  const container = wanted ?? known[0] ?? '';
  const metadata = { pod, container, namespace: namespace ?? '', cluster };
  return { object, container: kind === 'Pod' && container !== '' ? container : undefined, metadata };
}

/** Names of the containers of a pod, the first one first. */
function containerNames({ facts }: ObjectView): readonly string[] {
  return (asList(facts['containers']) ?? []).flatMap((one) => asString(asFields(one)?.['name']) ?? []);
}
