import type { Health, RunFacts } from '../../../model/resource.ts';
import { asFields, asList, asNumber, asString } from '../../../base/values.ts';
import type { Fields } from '../../../base/values.ts';

/** Reason why a pod does not come up. */
export interface PodTrouble {
  readonly reason: string;
  /** Trying on will not help unless somebody does something. */
  readonly final: boolean;
  /** The container that crashes: its last lines tell why. */
  readonly crashed?: Crash;
}

/** A container that ended although it should run. */
export interface Crash {
  readonly pod: string;
  readonly container: string;
  /** Sentence for people: `container web of pod web-1 exited with 1`. */
  readonly reason: string;
  /** It has not been started again yet: its lines are those of the present run. */
  readonly isCurrent: boolean;
  readonly exitCode?: number;
}

/** A container may fall over once while what it needs is still starting. */
const CRASHES_TO_FAIL = 2;
/** A scheduler may find room for a pod that it had none for a moment ago, in milliseconds. */
const UNSCHEDULABLE_MS = 10_000;

/** Another of the stack may make, while it comes up, what a container reads, as charts do with passwords; in milliseconds. */
const MISSING_MS = 60_000;
const IS_MISSING = /^(?:secret|configmap) ".+" not found$|^couldn't find key /;

const FINAL_WAITS = new Set([
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
]);

/** @param now milliseconds since the epoch */
export function troubleOf(pod: Fields, now: number): PodTrouble | null {
  const status = asFields(pod['status']) ?? {};
  const name = asString(asFields(pod['metadata'])?.['name']) ?? '';
  const unplaced = (asList(status['conditions']) ?? [])
    .map(asFields)
    .find((one) => one?.['type'] === 'PodScheduled' && one['status'] === 'False');
  if (unplaced?.['reason'] === 'Unschedulable') {
    const since = Date.parse(asString(unplaced['lastTransitionTime']) ?? '');
    const message = asString(unplaced['message']) ?? 'no node has room for it';
    return { reason: `pod ${name} cannot be scheduled: ${message}`, final: now - since > UNSCHEDULABLE_MS };
  }
  const containers = [
    ...(asList(status['initContainerStatuses']) ?? []),
    ...(asList(status['containerStatuses']) ?? []),
  ];
  const age = now - Date.parse(asString(status['startTime']) ?? '');
  for (const container of containers) {
    const trouble = containerTrouble({ name, age }, asFields(container) ?? {});
    if (trouble) return trouble;
  }
  return null;
}

/** @param pod its name, and the time since a node took it on, in milliseconds; NaN where that is not told */
function containerTrouble(
  { name: pod, age }: { readonly name: string; readonly age: number },
  container: Fields,
): PodTrouble | null {
  const waiting = asFields(asFields(container['state'])?.['waiting']);
  const reason = asString(waiting?.['reason']) ?? '';
  const restarts = asNumber(container['restartCount']) ?? 0;
  if (reason === 'CrashLoopBackOff') {
    const crashed = crashOf(pod, container);
    return { reason: `${crashed.reason}, ${restarts} restarts`, final: restarts >= CRASHES_TO_FAIL, crashed };
  }
  const where = placeOf(pod, container);
  if (reason === '' || reason === 'ContainerCreating' || reason === 'PodInitializing') return null;
  const message = asString(waiting?.['message']);
  const mayCome = message !== undefined && IS_MISSING.test(message) && age < MISSING_MS;
  return {
    reason: `${where}: ${reason}${message === undefined ? '' : `: ${message}`}`,
    final: FINAL_WAITS.has(reason) && !mayCome,
  };
}

function placeOf(pod: string, container: Fields): string {
  return `container ${asString(container['name']) ?? ''} of pod ${pod}`;
}

/** Tells how a container ended the last time. */
function crashOf(pod: string, container: Fields): Crash {
  const now = asFields(asFields(container['state'])?.['terminated']);
  const last = now ?? asFields(asFields(container['lastState'])?.['terminated']);
  const code = asNumber(last?.['exitCode']);
  const how = code === undefined ? 'crashes' : `exited with ${code}`;
  const why = last?.['reason'] === 'OOMKilled' ? ' (out of memory)' : '';
  return {
    pod,
    container: asString(container['name']) ?? '',
    reason: `${placeOf(pod, container)} ${how}${why}`,
    isCurrent: now !== undefined,
    ...(code === undefined ? {} : { exitCode: code }),
  };
}

/** Tells how what has no readiness probe runs in these pods, and what of it fell over; `null` when everything has a probe, or nothing is there. */
export function runOf(
  pods: readonly Fields[],
  now: number,
): { readonly facts: RunFacts; readonly crash?: Crash } | null {
  const runs = pods.flatMap((pod) => runsIn(pod, now));
  if (runs.length === 0) return null;
  const crash = runs.find((run) => run.crash !== undefined)?.crash;
  const settled = runs.flatMap(({ facts }) => facts.settledMs ?? []);
  const facts = {
    runningMs: Math.min(...runs.map((run) => run.facts.runningMs)),
    restarts: runs.reduce((sum, run) => sum + run.facts.restarts, 0),
    ...(settled.length === 0 ? {} : { settledMs: Math.max(...settled) }),
    ...(crash?.exitCode === undefined ? {} : { exitCode: crash.exitCode }),
  };
  return { facts, ...(crash === undefined ? {} : { crash }) };
}

function runsIn(pod: Fields, now: number): readonly { readonly facts: RunFacts; readonly crash?: Crash }[] {
  const spec = asFields(pod['spec']) ?? {};
  const status = asFields(pod['status']) ?? {};
  const name = asString(asFields(pod['metadata'])?.['name']) ?? '';
  const described = (asList(spec['containers']) ?? []).map((one) => asFields(one) ?? {});
  const probed = new Set(
    described.filter((one) => one['readinessProbe'] !== undefined).map((one) => one['name']),
  );
  const begun = Date.parse(asString(status['startTime']) ?? '');
  // Pods of jobs end, and try again, as it is described.
  const isToStay = (spec['restartPolicy'] ?? 'Always') === 'Always';
  return (asList(status['containerStatuses']) ?? []).flatMap((item) => {
    const container = asFields(item) ?? {};
    if (probed.has(container['name'])) return [];
    const state = asFields(container['state']) ?? {};
    const since = Date.parse(asString(asFields(state['running'])?.['startedAt']) ?? '');
    const ended = asFields(state['terminated']) === undefined ? 0 : 1;
    const restarts = isToStay ? (asNumber(container['restartCount']) ?? 0) + ended : 0;
    const runningMs = Number.isNaN(since) ? 0 : Math.max(0, now - since);
    if (restarts === 0) return [{ facts: { runningMs, restarts } }];
    const settledMs = Number.isNaN(since) || Number.isNaN(begun) ? {} : { settledMs: since - begun };
    return [{ facts: { runningMs, restarts, ...settledMs }, crash: crashOf(name, container) }];
  });
}

/** The container that made a job fail, as far as its pods are still there. */
export function endingOf(pods: readonly Fields[]): Crash | undefined {
  for (const pod of pods) {
    const name = asString(asFields(pod['metadata'])?.['name']) ?? '';
    for (const item of asList(asFields(pod['status'])?.['containerStatuses']) ?? []) {
      const container = asFields(item) ?? {};
      const ended = asFields(asFields(container['state'])?.['terminated']);
      if (ended !== undefined && asNumber(ended['exitCode']) !== 0) return crashOf(name, container);
    }
  }
  return undefined;
}

/** Lines that somebody wrote, to end a sentence with. */
export function wrote(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `; it wrote: ${lines.join(' | ')}`;
}

/** The workload's health with what its pods say about it. */
export function withTrouble(health: Health, trouble: PodTrouble | null, lines: readonly string[]): Health {
  if (!trouble) return health;
  const reason = `${trouble.reason}${wrote(lines)}`;
  if (health.status === 'failed')
    return { ...health, reason: `${health.reason?.replace(/\.$/, '')}: ${reason}` };
  return { ...health, status: trouble.final ? 'failed' : 'starting', reason };
}
