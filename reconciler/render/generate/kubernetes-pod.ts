import type { ContainerSpec, FilePlace, HealthcheckSpec } from '../../model/docker-spec.ts';
import type { Secret } from '../../model/secret.ts';
import { isProblem } from '../../model/issue.ts';
import { parseBytes } from '../../model/units.ts';
import { defined } from '../../model/values.ts';
import type { Blueprint, BlueprintService } from './blueprint.ts';
import { dnsName, portName, portsOf } from './kubernetes-names.ts';
import type { Piece } from './variables.ts';
import { piecesOf, writePieces } from './variables.ts';

export interface PodContext {
  readonly blueprint: Blueprint;
  readonly notes: string[];
  readonly secretName: string;
  readonly configName: string;
  readonly claimName: (volume: string) => string;
}

/** The `spec` of a pod with one container. */
export function podOf(service: BlueprintService, context: PodContext): object {
  const { spec, name, build } = service;
  const mounts = [...mountsOf(service, context), ...filesOf(service, context)];
  const volumes = new Map(mounts.flatMap(({ volume }) => (volume ? [[volume.name, volume] as const] : [])));
  reportUnsaid(service, context);
  const container = defined({
    name: dnsName(name),
    image: build ? (build.names[0] ?? spec.image) : spec.image,
    command: spec.entrypoint,
    args: spec.command?.map(escapeDollar),
    workingDir: spec.workingDir,
    env: envOf(spec, context),
    ports: nonEmpty(
      portsOf(spec).map(({ port, protocol }) => ({
        name: portName(port, protocol),
        containerPort: port,
        protocol: protocol.toUpperCase(),
      })),
    ),
    ...probesOf(spec.healthcheck),
    resources: resourcesOf(spec),
    securityContext: securityOf(spec),
    volumeMounts: nonEmpty(mounts.map(({ mount }) => mount)),
    stdin: spec.stdinOpen,
    tty: spec.tty,
  });
  return defined({
    hostname: spec.hostname,
    hostNetwork: spec.networkMode === 'host' ? true : undefined,
    hostPID: spec.pid === 'host' ? true : undefined,
    hostIPC: spec.ipc === 'host' ? true : undefined,
    terminationGracePeriodSeconds:
      spec.stopGracePeriodMs === undefined ? undefined : Math.ceil(spec.stopGracePeriodMs / 1_000),
    hostAliases: hostAliasesOf(spec),
    containers: [container],
    volumes: nonEmpty([...volumes.values()]),
  });
}

/** Kubernetes fills in `$(NAME)`; a doubled dollar sign stands for itself. */
function escapeDollar(text: string): string {
  return text.replaceAll('$(', '$$$(');
}

/** Secrets come first, so that other variables can be made with them. */
function envOf(
  { env = {} }: ContainerSpec,
  { blueprint, secretName }: PodContext,
): readonly object[] | undefined {
  const entries = Object.entries(env).map(([name, value]) => ({
    name,
    pieces: piecesOf(value, blueprint.variables),
  }));
  const taken = new Set(entries.filter(({ pieces }) => isVariable(pieces)).map(({ name }) => name));
  const mixed = entries.filter(({ pieces }) => pieces.length > 1);
  const used = new Set(
    mixed.flatMap(({ pieces }) => pieces.flatMap((piece) => ('variable' in piece ? [piece.variable] : []))),
  );
  const own = (name: string) => (taken.has(name) || Object.hasOwn(env, name) ? `SECRET_${name}` : name);
  const from = (name: string, key: string) => ({
    name,
    valueFrom: { secretKeyRef: { name: secretName, key } },
  });
  return nonEmpty([
    ...[...used].sort().map((variable) => from(own(variable), variable)),
    ...entries.map(({ name, pieces }) => {
      const [only] = pieces;
      if (isVariable(pieces) && only && 'variable' in only) return from(name, only.variable);
      return { name, value: writePieces(pieces, escapeDollar, (variable) => `$(${own(variable)})`) };
    }),
  ]);
}

function isVariable(pieces: readonly Piece[]): boolean {
  return pieces.length === 1 && pieces.some((piece) => 'variable' in piece);
}

function probesOf(healthcheck: HealthcheckSpec | undefined): object {
  if (!healthcheck || 'disabled' in healthcheck) return {};
  const [kind, ...words] = healthcheck.test ?? [];
  // Without a test, the image has one, which nobody knows here.
  if (kind === undefined || kind === 'NONE') return {};
  const command = kind === 'CMD' ? words : ['/bin/sh', '-c', ...words];
  const seconds = (value: number | undefined) =>
    value === undefined ? undefined : Math.max(1, Math.ceil(value / 1_000));
  const probe = defined({
    exec: { command },
    periodSeconds: seconds(healthcheck.intervalMs) ?? 30,
    timeoutSeconds: seconds(healthcheck.timeoutMs) ?? 30,
    failureThreshold: healthcheck.retries ?? 3,
  });
  const initialDelaySeconds = seconds(healthcheck.startPeriodMs || undefined);
  return {
    livenessProbe: { ...probe, ...(initialDelaySeconds === undefined ? {} : { initialDelaySeconds }) },
    readinessProbe: probe,
  };
}

function resourcesOf({ resources }: ContainerSpec): object | undefined {
  const { memoryBytes, nanoCpus, memoryReservationBytes } = resources;
  const limits = defined({
    memory: memoryBytes === undefined ? undefined : String(memoryBytes),
    cpu: nanoCpus === undefined ? undefined : `${Math.ceil(nanoCpus / 1e6)}m`,
  });
  const requests = defined({
    memory: memoryReservationBytes === undefined ? undefined : String(memoryReservationBytes),
  });
  const said = defined({ limits: filled(limits), requests: filled(requests) });
  return filled(said);
}

function securityOf(spec: ContainerSpec): object | undefined {
  const [, uid, gid] = /^(\d+)(?::(\d+))?$/.exec(spec.user ?? '') ?? [];
  return filled(
    defined({
      runAsUser: uid === undefined ? undefined : Number(uid),
      runAsGroup: gid === undefined ? undefined : Number(gid),
      privileged: spec.privileged,
      readOnlyRootFilesystem: spec.readOnly,
      allowPrivilegeEscalation: spec.securityOpt?.some((option) =>
        /^no-new-privileges([=:]true)?$/.test(option),
      )
        ? false
        : undefined,
      capabilities: filled(defined({ add: spec.capAdd, drop: spec.capDrop })),
    }),
  );
}

function hostAliasesOf({ extraHosts = [] }: ContainerSpec): readonly object[] | undefined {
  return nonEmpty(
    extraHosts
      .map((entry) => ({
        ip: entry.slice(entry.indexOf(':') + 1),
        hostnames: [entry.slice(0, entry.indexOf(':'))],
      }))
      .filter(({ ip }) => ip !== 'host-gateway'),
  );
}

interface PodMount {
  readonly mount: object;
  readonly volume?: { readonly name: string; readonly [source: string]: unknown };
}

function mountsOf(
  { spec, target }: BlueprintService,
  { blueprint, claimName }: PodContext,
): readonly PodMount[] {
  return (spec.mounts ?? []).map((mount, index): PodMount => {
    const name = `mount-${index + 1}`;
    const at = defined({ name, mountPath: mount.target, readOnly: mount.readOnly });
    switch (mount.type) {
      case 'volume': {
        const found = blueprint.volumes.find(
          (part) => part.target === target && part.spec.name === mount.source,
        );
        const claim = found?.spec.external ? dnsName(mount.source) : claimName(found?.name ?? mount.source);
        const volume = { name, persistentVolumeClaim: { claimName: claim } };
        return { mount: defined({ ...at, subPath: mount.subpath }), volume };
      }
      case 'bind':
        return { mount: at, volume: { name, hostPath: { path: mount.source } } };
      case 'anonymous':
        return { mount: at, volume: { name, emptyDir: {} } };
      case 'tmpfs': {
        const bytes = mount.sizeBytes ?? sizeIn(mount.options ?? []);
        const sizeLimit = bytes === undefined ? undefined : String(bytes);
        return { mount: at, volume: { name, emptyDir: defined({ medium: 'Memory', sizeLimit }) } };
      }
      default:
        return mount satisfies never;
    }
  });
}

/** `size=64m` */
function sizeIn(options: readonly string[]): number | undefined {
  const size = options.find((option) => option.startsWith('size='))?.slice('size='.length);
  const bytes = size === undefined ? undefined : parseBytes(size);
  return isProblem(bytes) ? undefined : bytes;
}

/** Files of the repository from the ConfigMap; secret ones from the Secret, whole. */
function filesOf(service: BlueprintService, context: PodContext): readonly PodMount[] {
  const { spec, name } = service;
  const config = {
    name: 'files',
    configMap: { name: context.configName, defaultMode: modeOf(spec.files ?? []) },
  };
  const plain = (spec.files ?? []).map((file, index): PodMount => {
    if ('content' in file) return secretMount(file.content, file, service, context);
    const mount = { name: 'files', mountPath: file.target, subPath: `file-${index + 1}`, readOnly: true };
    return { mount, volume: config };
  });
  const secret = (spec.secrets ?? []).map((file) => secretMount(file.content, file, service, context));
  if ((spec.files ?? []).some(({ uid }) => uid !== undefined))
    context.notes.push(`${name}: owners of files are not kept`);
  return [...plain, ...secret];
}

/** The loosest of the modes: one volume has one. */
function modeOf(files: readonly FilePlace[]): number {
  return files.reduce((mode, file) => mode | (file.mode & 0o777), 0o444);
}

function secretMount(
  content: Secret,
  { target }: FilePlace,
  { name }: BlueprintService,
  context: PodContext,
): PodMount {
  const pieces = piecesOf(content, context.blueprint.variables);
  const [only] = pieces;
  const single = isVariable(pieces) && only && 'variable' in only;
  if (!single) context.notes.push(`${name}: put the text of ${target}, with its secrets, into the Secret`);
  const key = single ? only.variable : dnsName(`${name}-${target}`);
  const volume = { name: 'secrets', secret: { secretName: context.secretName } };
  return { mount: { name: 'secrets', mountPath: target, subPath: key, readOnly: true }, volume };
}

const UNSAID: readonly (keyof ContainerSpec)[] = [
  'blkio',
  'cgroup',
  'cgroupParent',
  'cpuPeriod',
  'cpuQuota',
  'deviceCgroupRules',
  'devices',
  'deviceRequests',
  'dns',
  'dnsOpt',
  'dnsSearch',
  'domainname',
  'groupAdd',
  'init',
  'logging',
  'macAddress',
  'memSwappiness',
  'oomKillDisable',
  'oomScoreAdj',
  'runtime',
  'shmSize',
  'stopSignal',
  'storageOpt',
  'sysctls',
  'ulimits',
  'usernsMode',
  'uts',
  'volumesFrom',
];

function reportUnsaid({ name, spec }: BlueprintService, { notes }: PodContext): void {
  const keys: string[] = UNSAID.filter((key) => spec[key] !== undefined && spec[key] !== false);
  if (spec.networkMode?.startsWith('container:')) keys.push('networkMode');
  if (spec.user !== undefined && !/^\d+(:\d+)?$/.test(spec.user)) keys.push('user');
  if (keys.length > 0) notes.push(`${name}: not carried over are ${keys.join(', ')}`);
}

function nonEmpty<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length > 0 ? list : undefined;
}

function filled<T extends object>(value: T): T | undefined {
  return Object.keys(value).length > 0 ? value : undefined;
}
