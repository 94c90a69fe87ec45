import type { ContainerInspectInfo, ImageInspectInfo } from 'dockerode';
import type { Json, JsonObject } from '../../../base/json.ts';
import { asFields, asList, asString, own } from '../../../base/values.ts';
import type { ContainerSpec } from '../../../model/docker/docker-spec.ts';
import { normaliseImage } from '../../../model/docker/image-reference.ts';
import type { DesiredResource } from '../../../model/resource.ts';
import { MASK, maskSpec, Secret } from '../../../model/secret.ts';
import type { Adapter } from '../adapter.ts';
import { buildContainerConfig } from '../containers/container-config.ts';
import { containerSpec } from '../containers/specs.ts';
import { isOfCompose, LABEL } from '../labels.ts';
import { splitVariable } from '../secrets/differing.ts';
import type { Difference } from './alike.ts';
import { isAlike } from './alike.ts';
import { isAsBuilt } from './as-built.ts';
import { compareOptions } from './compare-options.ts';
import { compareContents, compareMounts } from './compare-mounts.ts';

/*
 * A container of a Compose project, held against its description. It has no label that would tell what it was made from, so everything that engine
 * inspect says is compared with what the engine would be told now. What the description leaves to the image or the engine is as they have it.
 */

export interface AdoptedContainer {
  /** Masked: the described spec with what differs as the container has it. */
  readonly spec: JsonObject;
  /** True when the container is as it is described, outside of what can change in place. */
  readonly isSame: boolean;
  /** Hidden values that are not the described ones, as paths of the spec. */
  readonly differing: readonly string[];
  /** True when its image is the one that Compose had built: no name of ours tells. */
  readonly isAsBuilt: boolean;
}

/**
 * The spec of a container as it is shown. Compose starts nothing again of which no file says so, where ours would begin again after a failure; that alone is
 * no reason to touch what runs. The service gets it with its next container.
 */
export function withRestartOf(shown: JsonObject, wanted: JsonObject | null): JsonObject {
  const policyOf = (spec: JsonObject | null) => asFields(asFields(spec)?.['restart']);
  const restart = policyOf(wanted);
  const isImplied = restart?.['policy'] === 'on-failure' && restart['maxRetries'] === undefined;
  if (wanted === null || !isImplied || policyOf(shown)?.['policy'] !== 'no') return shown;
  return { ...shown, restart: wanted['restart'] ?? null };
}

interface AdoptedSource {
  readonly stack: string;
  /** `null`: it is described no more. */
  readonly desired: DesiredResource | null;
  readonly inspect: ContainerInspectInfo;
}

export async function readAdopted(
  { engine, traits, adoptions }: Pick<Adapter, 'engine' | 'traits' | 'adoptions'>,
  { stack, desired, inspect }: AdoptedSource,
  signal: AbortSignal,
): Promise<AdoptedContainer | null> {
  if (desired === null) return null;
  const spec = containerSpec(desired);
  const [image, { api }] = await Promise.all([engine.inspectImage(inspect.Image, signal), traits(signal)]);
  const asBuilt = isAsBuilt(adoptions.ofStack(stack), desired);
  const { differing, ...env } = compareEnv(spec, inspect, image);
  const differences = [
    ...env.differences,
    ...(asBuilt ? [] : compareImage(spec, inspect)),
    ...compareProcess(spec, inspect, image),
    ...compareLabels(spec, inspect, image),
    ...comparePorts(spec, inspect, image, api),
    ...compareNetworkMode(spec, inspect),
    ...compareOptions(spec, { inspect, image, api }),
    ...compareMounts(spec, inspect),
    ...(await compareContents(engine, spec, inspect, signal)),
  ];
  const masked: Record<string, Json> = { ...maskSpec(desired.spec) };
  for (const { key, live } of differences) {
    if (live === undefined) delete masked[key];
    else masked[key] = live;
  }
  return {
    spec: masked,
    isSame: differences.length === 0 && differing.length === 0,
    differing,
    isAsBuilt: asBuilt,
  };
}

function compareImage({ image }: ContainerSpec, { Config }: ContainerInspectInfo): readonly Difference[] {
  const live = normaliseImage(Config.Image);
  return live === image ? [] : [{ key: 'image', live: Config.Image }];
}

function compareProcess(
  spec: ContainerSpec,
  { Config }: ContainerInspectInfo,
  image: ImageInspectInfo | null,
): readonly Difference[] {
  const entrypoint = spec.entrypoint ?? wordsOf(image?.Config?.Entrypoint);
  // An entrypoint of its own does away with the command of the image.
  const command = spec.command ?? (spec.entrypoint === undefined ? wordsOf(image?.Config?.Cmd) : []);
  const check = spec.healthcheck ? healthcheckOf(spec) : own(asFields(image?.Config), 'Healthcheck');
  const live = own(asFields(Config), 'Healthcheck');
  return [
    ...(isAlike(wordsOf(Config.Entrypoint), entrypoint)
      ? []
      : [{ key: 'entrypoint', live: wordsOf(Config.Entrypoint) }]),
    ...(isAlike(wordsOf(Config.Cmd), command) ? [] : [{ key: 'command', live: wordsOf(Config.Cmd) }]),
    ...(isAlike(live, check) ? [] : [{ key: 'healthcheck', live: toJson(live) }]),
  ];
}

function healthcheckOf(spec: ContainerSpec): unknown {
  return own(
    asFields(buildContainerConfig({ ...spec, env: {} }, { labels: {}, api: NEWEST })),
    'Healthcheck',
  );
}

/** All fields of a health check, which an engine that does not know one has not stored. */
const NEWEST = '1.44';

function wordsOf(words: string | readonly string[] | null | undefined): string[] {
  if (typeof words === 'string') return [words];
  return [...(words ?? [])];
}

/** Values that nobody describes may be anybody's secrets: only their names are told. */
function compareEnv(
  { env = {} }: ContainerSpec,
  { Config }: ContainerInspectInfo,
  image: ImageInspectInfo | null,
): { readonly differences: readonly Difference[]; readonly differing: readonly string[] } {
  const inherited = new Map((image?.Config?.Env ?? []).map(splitVariable));
  const has = new Map((Config.Env ?? []).map(splitVariable));
  const live: Record<string, string> = {};
  const differing: string[] = [];
  let isSame = true;
  for (const [name, value] of has) {
    const wanted = own(env, name);
    const text = wanted instanceof Secret ? wanted.reveal() : (wanted ?? inherited.get(name));
    if (wanted === undefined) {
      if (value === text) continue;
      live[name] = MASK;
      isSame = false;
    } else if (wanted instanceof Secret) {
      live[name] = MASK;
      if (value !== text) differing.push(`env.${name}`);
    } else {
      live[name] = value;
      if (value !== text) isSame = false;
    }
  }
  if (Object.keys(env).some((name) => !has.has(name))) isSame = false;
  return { differences: isSame ? [] : [{ key: 'env', live }], differing };
}

function compareLabels(
  { labels = {} }: ContainerSpec,
  { Config }: ContainerInspectInfo,
  image: ImageInspectInfo | null,
): readonly Difference[] {
  const inherited = image?.Config?.Labels ?? {};
  const ours: readonly string[] = Object.values(LABEL);
  const live = Object.fromEntries(
    Object.entries(Config.Labels ?? {}).filter(
      ([name, value]) =>
        !isOfCompose(name) &&
        !ours.includes(name) &&
        (own(labels, name) !== undefined || own(inherited, name) !== value),
    ),
  );
  return isAlike(live, labels) ? [] : [{ key: 'labels', live }];
}

function comparePorts(
  spec: ContainerSpec,
  { Config, HostConfig }: ContainerInspectInfo,
  image: ImageInspectInfo | null,
  api: string,
): readonly Difference[] {
  const told = asFields(buildContainerConfig({ ...spec, env: {} }, { labels: {}, api }));
  const wanted = bindingsIn(own(asFields(own(told, 'HostConfig')), 'PortBindings'));
  const live = bindingsIn(HostConfig.PortBindings);
  const exposed = [...keysOf(own(told, 'ExposedPorts')), ...keysOf(image?.Config?.ExposedPorts)];
  const isExposed = isAlike([...new Set(keysOf(Config.ExposedPorts))].sort(), [...new Set(exposed)].sort());
  return [
    ...(isAlike(live, wanted) ? [] : [{ key: 'ports', live }]),
    ...(isExposed ? [] : [{ key: 'expose', live: keysOf(Config.ExposedPorts) }]),
  ];
}

function keysOf(value: unknown): string[] {
  return Object.keys(asFields(value) ?? {});
}

/** `127.0.0.1:8080:80/tcp`, sorted */
function bindingsIn(bindings: unknown): string[] {
  const texts = Object.entries(asFields(bindings) ?? {}).flatMap(([port, list]) =>
    (asList(list) ?? []).map((binding) => {
      const told = (key: string) => asString(own(asFields(binding), key)) ?? '';
      // An empty address and the one for all are the same to an engine.
      const ip = told('HostIp') === '0.0.0.0' ? '' : told('HostIp');
      return `${ip === '' ? '' : `${ip}:`}${told('HostPort')}:${port}`;
    }),
  );
  return texts.sort();
}

/** Networks by name are compared as for every container: they can change in place. */
function compareNetworkMode(
  { networkMode, networks = {} }: ContainerSpec,
  { HostConfig }: ContainerInspectInfo,
): readonly Difference[] {
  const live = HostConfig.NetworkMode ?? '';
  if (networkMode === undefined) {
    const isOwn = live !== 'host' && live !== 'none' && !live.startsWith('container:');
    return isOwn || Object.keys(networks).length === 0 ? [] : [{ key: 'networkMode', live }];
  }
  // A look at every container tells whether it is still that one.
  if (networkMode.startsWith('container:') && live.startsWith('container:')) return [];
  return networkMode === live ? [] : [{ key: 'networkMode', live }];
}

function toJson(value: unknown): Json | undefined {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as Json);
}
