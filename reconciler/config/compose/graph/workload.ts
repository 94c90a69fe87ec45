import { isProblem } from '../../../base/problem.ts';
import { parseBytes, parseCores } from '../../../base/units.ts';
import type { Fields } from '../../../base/values.ts';
import { asFields, asList, asString, defined } from '../../../base/values.ts';
import type { HealthcheckSpec } from '../../../model/docker/docker-spec.ts';
import type { NodeType } from '../../workflow/workflow.ts';
import { imageOf, replicasOf } from './describe.ts';
import { toPodWord, undouble } from './dollar.ts';
import { portOfKeeper } from './image-kinds.ts';
import type { ReadService } from './read-services.ts';
import type { Remarks } from './remarks.ts';

export type WorkloadType = Extract<NodeType, 'deployment' | 'statefulset' | 'daemonset' | 'job'>;

/** Most pods that a node of a workflow may ask for. */
const MAX_REPLICAS = 100;

/** @param isAwaited others wait until it has done its work */
export function workloadTypeOf({ plain, fields }: ReadService, isAwaited: boolean): WorkloadType {
  if (isAwaited) return 'job';
  if (asFields(plain['deploy'])?.['mode'] === 'global') return 'daemonset';
  const keeps = fields.mounts.some(({ mount }) => mount.type === 'volume');
  return keeps || portOfKeeper(imageOf(plain)) !== undefined ? 'statefulset' : 'deployment';
}

/** The image that a service is to have once it is built. */
export function builtImage(project: string, service: string): string {
  return `${project}-${service}:latest`.toLowerCase().replaceAll(/[^a-z0-9:._/-]+/g, '-');
}

/** Builds all that a node says of its pods, but for variables and mounts. */
export function buildWorkload(
  service: ReadService,
  {
    type,
    image,
    remarks,
  }: { readonly type: WorkloadType; readonly image: string; readonly remarks: Remarks },
): Fields {
  const { fields, plain } = service;
  const probe = type === 'job' ? undefined : buildProbe(fields.healthcheck);
  const [port] = fields.ports ?? [];
  return defined({
    image,
    ...buildReplicas(service, type, remarks),
    port: type === 'job' ? undefined : (port?.port.containerPort ?? portOfKeeper(image)),
    command: fields.entrypoint && some(fields.entrypoint.map(toPodWord)),
    args: fields.command && some(fields.command.map(toPodWord)),
    imagePullPolicy: PULL_POLICIES.get(fields.pullPolicy),
    resources: buildResources(service, remarks),
    livenessProbe: probe && defined({ ...probe.check, initialDelaySeconds: probe.delay }),
    readinessProbe: probe?.check,
    securityContext: buildSecurity(service, remarks),
    annotations: buildAnnotations(service, remarks),
    ...buildRestart(service, type, remarks),
    ...(type === 'job' && plain['healthcheck'] !== undefined ? noteProbe(service, remarks) : {}),
  });
}

const PULL_POLICIES = new Map<string | undefined, string>([
  ['always', 'Always'],
  ['missing', 'IfNotPresent'],
  ['never', 'Never'],
]);

function some<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length > 0 ? list : undefined;
}

function noteProbe({ name }: ReadService, remarks: Remarks): Fields {
  remarks.warn(`services.${name}.healthcheck`, 'is left out: a job is over when its program is');
  return {};
}

function buildReplicas({ name, plain }: ReadService, type: WorkloadType, remarks: Remarks): Fields {
  const replicas = replicasOf(plain);
  if (replicas === undefined) return {};
  const place = `services.${name}.deploy.replicas`;
  if (type === 'job' || type === 'daemonset') {
    remarks.warn(place, `is left out: a ${type} has none`);
    return {};
  }
  if (replicas > MAX_REPLICAS)
    remarks.warn(place, `${replicas} becomes ${MAX_REPLICAS}, the most that a node may have`);
  return { replicas: Math.min(Math.max(0, Math.trunc(replicas)), MAX_REPLICAS) };
}

interface Probe {
  readonly check: Fields;
  /** Seconds; left out: none. */
  readonly delay: number | undefined;
}

function buildProbe(spec: HealthcheckSpec | undefined): Probe | undefined {
  if (spec === undefined || 'disabled' in spec || spec.test === undefined) return undefined;
  const [kind, ...words] = spec.test;
  const command = kind === 'CMD-SHELL' ? ['/bin/sh', '-c', ...words] : words;
  if (command.length === 0) return undefined;
  const seconds = (milliseconds: number | undefined) =>
    milliseconds === undefined || milliseconds === 0
      ? undefined
      : Math.max(1, Math.round(milliseconds / 1_000));
  const check = defined({
    exec: { command: command.map(undouble) },
    periodSeconds: seconds(spec.intervalMs) ?? 30,
    timeoutSeconds: seconds(spec.timeoutMs) ?? 30,
    failureThreshold: Math.max(1, spec.retries ?? 3),
  });
  return { check, delay: seconds(spec.startPeriodMs) };
}

/** Places of amounts: Compose's older keys count where `deploy` says nothing. */
function buildResources({ name, plain }: ReadService, remarks: Remarks): Fields | undefined {
  const { limits, reservations } = asFields(asFields(plain['deploy'])?.['resources']) ?? {};
  const read = (key: string, value: unknown): string | undefined => {
    if (typeof value !== 'string' && typeof value !== 'number') return undefined;
    const amount = key.includes('cpu') ? toCores(value) : toMemory(value);
    if (amount === undefined)
      remarks.warn(`services.${name}.${key}`, 'is left out: it is no amount, or none at all');
    return amount;
  };
  const amounts = (kind: string, fields: unknown, cpus: unknown, memory: unknown): Fields | undefined => {
    const said = asFields(fields) ?? {};
    const result = defined({
      cpu: read(said['cpus'] === undefined ? 'cpus' : `deploy.resources.${kind}.cpus`, said['cpus'] ?? cpus),
      memory: read(
        said['memory'] === undefined ? 'mem_limit' : `deploy.resources.${kind}.memory`,
        said['memory'] ?? memory,
      ),
    });
    return Object.keys(result).length > 0 ? result : undefined;
  };
  const result = defined({
    limits: amounts('limits', limits, plain['cpus'], plain['mem_limit']),
    requests: amounts('reservations', reservations, undefined, plain['mem_reservation']),
  });
  return Object.keys(result).length > 0 ? result : undefined;
}

function toCores(value: string | number): string | undefined {
  const cores = parseCores(value);
  if (isProblem(cores)) return undefined;
  const milli = Math.max(1, Math.round(cores / 1e6));
  return milli % 1_000 === 0 ? `${milli / 1_000}` : `${milli}m`;
}

const MEBIBYTE = 1_048_576;

function toMemory(value: string | number): string | undefined {
  const bytes = parseBytes(value);
  if (isProblem(bytes) || bytes === 0) return undefined;
  return bytes % MEBIBYTE === 0 ? `${bytes / MEBIBYTE}Mi` : `${bytes}`;
}

/** Rights that a pod gives away, and the user that it is; rights beyond those of every pod are left out. */
function buildSecurity({ name, plain }: ReadService, remarks: Remarks): Fields | undefined {
  const user = asString(plain['user']) ?? (typeof plain['user'] === 'number' ? `${plain['user']}` : '');
  const [, uid, gid] = /^(\d+)(?::(\d+))?$/.exec(user) ?? [];
  if (user !== '' && uid === undefined)
    remarks.warn(`services.${name}.user`, `"${undouble(user)}" is left out: a cluster takes numbers only`);
  const drop = (asList(plain['cap_drop']) ?? []).map(String);
  const result = defined({
    runAsUser: uid === undefined ? undefined : Number(uid),
    runAsGroup: gid === undefined ? undefined : Number(gid),
    readOnlyRootFilesystem: plain['read_only'] === true ? true : undefined,
    capabilities: drop.length > 0 ? { drop } : undefined,
  });
  return Object.keys(result).length > 0 ? result : undefined;
}

const ANNOTATION = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/** Labels hold any text in Compose, as annotations do in a cluster. */
function buildAnnotations({ name, fields }: ReadService, remarks: Remarks): Fields | undefined {
  const entries = Object.entries(fields.labels).flatMap(([key, value]): [string, string][] => {
    if (ANNOTATION.test(key)) return [[key, undouble(value)]];
    remarks.warn(`services.${name}.labels.${key}`, 'is left out: it is no name of an annotation');
    return [];
  });
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

function buildRestart({ name, plain, fields }: ReadService, type: WorkloadType, remarks: Remarks): Fields {
  const policy = fields.restart?.policy;
  if (type === 'job') return policy === 'on-failure' ? { restartPolicy: 'OnFailure' } : {};
  const isSaid =
    plain['restart'] !== undefined || asFields(plain['deploy'])?.['restart_policy'] !== undefined;
  if (isSaid && (policy === 'no' || policy === 'on-failure'))
    remarks.warn(
      `services.${name}.restart`,
      `${policy} is left out: pods of a ${type} are always started again; make it a job where it does its work once`,
    );
  return {};
}
