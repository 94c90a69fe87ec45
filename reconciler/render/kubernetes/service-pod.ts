import type { PodContext } from './pod-context.ts';
import { isAnnotation } from '../../config/kombination/checks/check-cluster.ts';
import { dnsName } from '../../model/kubernetes/cluster-names.ts';
import type { ContainerSpec, HealthcheckSpec } from '../../model/docker/docker-spec.ts';
import type { Spec, SpecValue } from '../../model/secret.ts';
import { isSensitiveName } from '../../model/secret.ts';
import type { BlueprintService } from '../generate/blueprint.ts';
import type { Piece } from '../generate/variables.ts';
import { writePieces } from '../generate/variables.ts';
import { amountOf, coresOf } from './amounts.ts';
import { nonEmptySpecOf, specOf } from './fields.ts';
import { mountsOf, volumeList } from './service-mounts.ts';
import { portName, portsOf } from './service-names.ts';
import { securityOf } from './service-security.ts';

const ENGINE_GRACE_MS = 10_000;
/** Tells an engine to take over no domains of its machine; many clusters refuse the word, and theirs are those of the cluster. */
const NO_DOMAINS = '.';

/** The `spec` of a pod with one container. */
export function podOf(service: BlueprintService, context: PodContext): Spec {
  const { spec } = service;
  const mounts = mountsOf(service, context);
  const { pod, container } = securityOf(spec);
  const onHost = spec.networkMode === 'host';
  return specOf({
    hostname: spec.hostname,
    hostNetwork: onHost || undefined,
    dnsPolicy: onHost ? 'ClusterFirstWithHostNet' : undefined,
    hostPID: spec.pid === 'host' || undefined,
    hostIPC: spec.ipc === 'host' || undefined,
    terminationGracePeriodSeconds: Math.ceil((spec.stopGracePeriodMs ?? ENGINE_GRACE_MS) / 1_000),
    // A container of an engine has no rights on its cluster, and no variables it did not ask for.
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    runtimeClassName: spec.runtime,
    nodeSelector: platformOf(spec.platform),
    hostAliases: hostAliasesOf(spec),
    dnsConfig: nonEmptySpecOf({
      nameservers: nonEmpty(spec.dns ?? []),
      searches: nonEmpty((spec.dnsSearch ?? []).filter((domain) => domain !== NO_DOMAINS)),
      options: nonEmpty((spec.dnsOpt ?? []).map(dnsOption)),
    }),
    imagePullSecrets: nonEmpty(context.pullSecrets.map((name) => ({ name }))),
    securityContext: pod,
    containers: [containerOf(service, context, { mounts: mounts.map(({ mount }) => mount), container })],
    volumes: nonEmpty(volumeList(mounts)),
  });
}

/** Returns the image that its pods are made from. */
export function imageOf({ build, spec }: BlueprintService): string {
  return build?.names[0] ?? spec.image;
}

const PULL = { missing: 'IfNotPresent', always: 'Always', never: 'Never' } as const;

function containerOf(
  service: BlueprintService,
  context: PodContext,
  { mounts, container }: { readonly mounts: readonly Spec[]; readonly container: Spec | undefined },
): Spec {
  const { spec, name, model, routedPort } = service;
  return specOf({
    name: dnsName(name),
    image: imageOf(service),
    imagePullPolicy: PULL[model.pullPolicy ?? 'missing'],
    ...commandOf(spec),
    workingDir: spec.workingDir,
    env: envOf(service, context),
    ports: nonEmpty(
      portsOf(spec, routedPort).map(({ port, protocol }) => ({
        name: portName(port, protocol),
        containerPort: port,
        protocol: protocol.toUpperCase(),
      })),
    ),
    readinessProbe: context.ends ? undefined : probeOf(spec.healthcheck),
    resources: resourcesOf(spec),
    securityContext: container,
    volumeMounts: nonEmpty(mounts),
    stdin: spec.stdinOpen,
    tty: spec.tty,
  });
}

/** An entry point that is taken away leaves the command alone. */
function commandOf({ entrypoint, command }: ContainerSpec): Readonly<Record<string, SpecValue | undefined>> {
  const words = command?.map(escapeDollar);
  if (entrypoint?.length === 0 && words) return { command: words };
  return { command: nonEmpty((entrypoint ?? []).map(escapeDollar)), args: nonEmpty(words ?? []) };
}

/** Kubernetes fills in `$(NAME)`, and reads a doubled dollar sign as one. */
function escapeDollar(text: string): string {
  return text.replace(/\$(?=[$(]|$)/g, '$$$$');
}

function envOf(service: BlueprintService, { book, keys }: PodContext): readonly Spec[] | undefined {
  const { spec, name: owner } = service;
  const env = spec.env ?? {};
  const entries = Object.entries(env).map(([name, value]) => ({ name, value, pieces: book.pieces(value) }));
  const taken = new Set(
    entries.filter(({ pieces }) => variableOf(pieces) !== undefined).map(({ name }) => name),
  );
  const own = (name: string) => (taken.has(name) || Object.hasOwn(env, name) ? `SECRET_${name}` : name);
  const from = (name: string, key: string): Spec => {
    keys.add(key);
    return { name, valueFrom: { secretKeyRef: { name: book.name, key } } };
  };
  const used = new Set<string>();
  const written = entries.map(({ name, value, pieces }): Spec => {
    const variable = variableOf(pieces);
    if (variable !== undefined) return from(name, book.keyOf(variable));
    const hidden = pieces.length > 1 || (isSensitiveName(name) && pieces.length > 0);
    const key = hidden ? book.textKey(`${owner}.${name}`, value) : undefined;
    if (key !== undefined) return from(name, key);
    for (const piece of pieces) if ('variable' in piece) used.add(piece.variable);
    return { name, value: writePieces(pieces, escapeDollar, (one) => `$(${own(one)})`) };
  });
  // Secrets come first, so that other variables can be made with them.
  return nonEmpty([...[...used].sort().map((one) => from(own(one), book.keyOf(one))), ...written]);
}

/** The name of the one variable that a value is nothing but. */
function variableOf(pieces: readonly Piece[]): string | undefined {
  const [only] = pieces;
  return pieces.length === 1 && only && 'variable' in only ? only.variable : undefined;
}

/** Builds a probe that tells whether it is ready, and no more: an engine does not restart what is unhealthy either. */
function probeOf(healthcheck: HealthcheckSpec | undefined): Spec | undefined {
  if (!healthcheck || 'disabled' in healthcheck) return undefined;
  const [kind, ...words] = healthcheck.test ?? [];
  // The image has the test when none is given, and nobody knows it here.
  if (kind === undefined || kind === 'NONE') return undefined;
  const command = kind === 'CMD' ? words : ['/bin/sh', '-c', ...words];
  const seconds = (value: number | undefined) =>
    value === undefined ? undefined : Math.max(1, Math.ceil(value / 1_000));
  return {
    exec: { command },
    periodSeconds: seconds(healthcheck.intervalMs) ?? 30,
    timeoutSeconds: seconds(healthcheck.timeoutMs) ?? 30,
    failureThreshold: healthcheck.retries ?? 3,
  };
}

function resourcesOf({ resources }: ContainerSpec): Spec | undefined {
  const { memoryBytes, nanoCpus, memoryReservationBytes } = resources;
  const memory = memoryBytes === undefined ? undefined : amountOf(memoryBytes);
  const cpu = nanoCpus === undefined ? undefined : coresOf(nanoCpus);
  const reserved = memoryReservationBytes === undefined ? undefined : amountOf(memoryReservationBytes);
  return nonEmptySpecOf({
    limits: nonEmptySpecOf({ memory, cpu }),
    requests: nonEmptySpecOf({ memory: reserved }),
  });
}

/** `linux/arm64/v8` */
function platformOf(platform: string | undefined): Spec | undefined {
  const [os, arch] = platform?.split('/') ?? [];
  return nonEmptySpecOf({ 'kubernetes.io/os': os, 'kubernetes.io/arch': arch });
}

/** `ndots:2` */
function dnsOption(text: string): Spec {
  const [name = '', ...value] = text.split(':');
  return value.length === 0 ? { name } : { name, value: value.join(':') };
}

function hostAliasesOf({ extraHosts = [] }: ContainerSpec): readonly Spec[] | undefined {
  return nonEmpty(
    extraHosts
      .map((entry) => ({
        ip: entry.slice(entry.indexOf(':') + 1),
        hostnames: [entry.slice(0, entry.indexOf(':'))],
      }))
      .filter(({ ip }) => ip !== 'host-gateway'),
  );
}

/** Returns what an engine is told in labels and annotations. */
export function annotationsOf({ spec: { labels = {}, annotations = {} } }: BlueprintService): Spec {
  const all = Object.entries({ ...labels, ...annotations });
  return Object.fromEntries(all.filter(([key]) => isAnnotation(key)));
}

function nonEmpty<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length > 0 ? list : undefined;
}
