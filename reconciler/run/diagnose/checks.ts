import type { JsonObject } from '../../base/json.ts';
import { asFields, asList, asNumber, asString, own } from '../../base/values.ts';
import type { ServiceCheck, ServiceDiagnosis } from '../../public/diagnostics.ts';
import type { DescribedService } from './service-node.ts';
import { portOf } from './service-node.ts';

/** An object of the cluster, as far as a diagnosis looks at it. */
export interface DiagnosedObject {
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Reason for its status, for people. */
  readonly message: string | null;
  readonly facts: JsonObject;
}

type Outcome = Omit<ServiceCheck, 'name'>;

/** Judges a service by what is known of its stack's objects. Pure. */
export function diagnose(service: DescribedService, objects: readonly DiagnosedObject[]): ServiceDiagnosis {
  const { name, namespace } = service;
  const inside = objects.filter((one) => one.namespace === namespace);
  const object = inside.find((one) => one.kind === 'Service' && one.name === name);
  const pods = inside.filter((one) => one.kind === 'Pod');
  const checks: ServiceCheck[] = [{ name: 'service-exists', ...checkExists(service, object) }];
  if (object !== undefined) {
    const matching = pods.filter((pod) => matches(service.selector, pod.labels));
    const seen = { service, object, pods, matching, ready: matching.filter(isReady) };
    checks.push({ name: 'endpoints-exist', ...checkEndpoints(seen) });
    if (service.type === 'LoadBalancer')
      checks.push({ name: 'loadbalancer-provisioned', ...checkLoadBalancer(seen) });
    checks.push(
      { name: 'selector-match', ...checkSelector(seen) },
      { name: 'pods-ready', ...checkPods(seen) },
      { name: 'port-config', ...checkPorts(seen) },
    );
  }
  const worst = checks.some(({ status }) => status === 'error')
    ? 'error'
    : checks.some(({ status }) => status === 'warning')
      ? 'warning'
      : 'healthy';
  return { overall: worst, service: name, namespace, checks };
}

interface Seen {
  readonly service: DescribedService;
  readonly object: DiagnosedObject;
  readonly pods: readonly DiagnosedObject[];
  /** Pods that the selector means. */
  readonly matching: readonly DiagnosedObject[];
  readonly ready: readonly DiagnosedObject[];
}

function pass(message: string): Outcome {
  return { status: 'pass', message, suggestion: '', fix: null };
}

function fail(
  status: 'warning' | 'error',
  message: string,
  suggestion: string,
  fix: Outcome['fix'] = null,
): Outcome {
  return { status, message, suggestion, fix };
}

function checkExists(
  { name, namespace, status }: DescribedService,
  object: DiagnosedObject | undefined,
): Outcome {
  if (object !== undefined) return pass(`Service ${name} is in ${namespace}`);
  const suggestion =
    status === 'published'
      ? 'Run the workflow, and look at what its last run says'
      : 'Publish the workflow, and run it';
  return fail('error', `There is no service ${name} in ${namespace}`, suggestion);
}

function matches(
  selector: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
): boolean {
  const wanted = Object.entries(selector);
  return wanted.length > 0 && wanted.every(([key, value]) => own(labels, key) === value);
}

function containersOf(pod: DiagnosedObject) {
  return (asList(pod.facts['containers']) ?? []).map((item) => asFields(item) ?? {});
}

function isReady(pod: DiagnosedObject): boolean {
  const containers = containersOf(pod);
  return containers.length > 0 && containers.every((container) => container['ready'] === true);
}

function checkEndpoints({ ready, matching }: Seen): Outcome {
  if (ready.length > 0) return pass(`It leads to ${count(ready.length, 'ready pod')}`);
  const suggestion =
    matching.length > 0
      ? 'Look at why its pods are not ready'
      : 'Look at its selector, and whether the workload runs';
  return fail('error', 'It leads to no ready pod', suggestion);
}

function checkLoadBalancer({ object }: Seen): Outcome {
  const [address] = asList(object.facts['externalIPs']) ?? [];
  if (typeof address === 'string') return pass(`The load balancer has the address ${address}`);
  return fail(
    'warning',
    'The cluster has given it no address yet',
    'Load balancers are made by the cluster: it needs a provider, or MetalLB with a pool of addresses. NodePort does without',
  );
}

function textOf(selector: Readonly<Record<string, string>>): string {
  return Object.entries(selector)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

function checkSelector({ service, matching, pods }: Seen): Outcome {
  const { selector, workload } = service;
  if (Object.keys(selector).length === 0)
    return fail('warning', 'It has no selector', 'Draw an edge to the workload that it is for');
  const text = textOf(selector);
  if (matching.length > 0) return pass(`${text} means ${count(matching.length, 'pod')}`);
  const isRight =
    workload !== null && selector['app'] === workload.name && Object.keys(selector).length === 1;
  const fix = workload === null || isRight ? null : 'selector-fix';
  const suggestion =
    fix === null
      ? `Look at why there are no pods of it${pods.length === 0 ? '' : ': others are there'}`
      : `Point it at ${workload?.name ?? ''}`;
  return fail('error', `No pod has the labels ${text}`, suggestion, fix);
}

function checkPods({ matching, ready }: Seen): Outcome {
  if (matching.length === 0) return fail('error', 'There are no pods', 'Run the workflow');
  if (ready.length === matching.length) return pass(`All pods are ready (${ready.length})`);
  const [first] = matching.filter((pod) => !ready.includes(pod));
  const why = first?.message === null || first === undefined ? '' : `: ${first.name} ${first.message}`;
  return fail(
    ready.length === 0 ? 'error' : 'warning',
    `${ready.length} of ${matching.length} pods are ready${why}`,
    'Look at the logs of the pods, and at their readiness probe',
  );
}

function checkPorts({ service, matching }: Seen): Outcome {
  const open = matching
    .flatMap(containersOf)
    .flatMap((container) => asList(container['ports']) ?? [])
    .map((item) => asFields(item) ?? {});
  if (matching.length === 0) return fail('warning', 'Without pods, nothing is known of their ports', '');
  if (open.length === 0) return pass('Its pods do not say which ports they have');
  const known = new Set(
    open.flatMap((port) => [asNumber(port['containerPort']), asString(port['name'])]).filter(isSaid),
  );
  const wrong = service.ports.filter(({ target }) => !known.has(target));
  if (wrong.length === 0) return pass(`Its ports lead to those of the pods (${[...known].join(', ')})`);
  const { workload } = service;
  const port = workload === null ? undefined : portOf(workload);
  const canBeMended = service.ports.length === 1 && port !== undefined && known.has(port);
  return fail(
    'error',
    `Its pods have no port ${wrong.map(({ target }) => target).join(', ')}; they have ${[...known].join(', ')}`,
    canBeMended ? `Lead it to ${port}` : 'Set targetPort to a port of the pods',
    canBeMended ? 'port-fix' : null,
  );
}

function isSaid<T>(value: T | undefined): value is T {
  return value !== undefined;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
