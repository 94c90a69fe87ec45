import type { ContainerSpec, FileSpec, HealthcheckSpec, MountSpec } from '../../model/docker/docker-spec.ts';
import type { Secret } from '../../model/secret.ts';
import type { Blueprint, BlueprintService } from './blueprint.ts';
import { formatDuration } from '../../base/units.ts';
import { textOf } from './generated.ts';
import type { HclBlock, HclBody, HclExpression, HclValue } from './hcl.ts';
import { escapeHcl } from './hcl.ts';
import {
  limitAttributes,
  optionAttributes,
  optionBlocks,
  unsupportedLimits,
  unsupportedOptions,
} from './opentofu-options.ts';
import type { Labels } from './opentofu-names.ts';
import { imageKey, labelBlocks } from './opentofu-names.ts';
import { compareText } from '../../base/values.ts';
import { piecesOf, writePieces } from './variables.ts';

interface TofuContext {
  readonly blueprint: Blueprint;
  readonly labels: Labels;
  readonly notes: string[];
}

/** `docker_container` of a service. What the provider cannot say is noted. */
export function tofuContainer(service: BlueprintService, context: TofuContext): HclBlock {
  const { name, target, spec } = service;
  const { labels } = context;
  reportUnsupported(service, context);
  return {
    block: 'resource',
    labels: ['docker_container', labels.of('container', target, name)],
    body: { attributes: attributesOf(service, context), blocks: blocksOf(spec, service, context) },
  };
}

type Attributes = HclBody['attributes'];

function attributesOf(service: BlueprintService, context: TofuContext): Attributes {
  const { target, spec } = service;
  const { labels, blueprint } = context;
  const image = { expression: `docker_image.${labels.of('image', target, imageKey(service))}.image_id` };
  const env = Object.entries(spec.env ?? {}).map(([key, value]) => templateOf(`${key}=`, value, blueprint));
  const depends = service.dependsOn
    .map(({ service: other }) => blueprint.services.find(({ name }) => name === other))
    .flatMap((other) =>
      other ? [{ expression: `docker_container.${labels.of('container', other.target, other.name)}` }] : [],
    );
  // Names stand first, sizes together.
  const { hostname, shm_size, ...more } = optionAttributes(spec);
  return {
    provider: labels.provider(target),
    name: spec.name,
    image,
    command: spec.command,
    entrypoint: spec.entrypoint,
    env: env.length > 0 ? env : undefined,
    network_mode: spec.networkMode ?? (spec.networks ? undefined : 'bridge'),
    ...processOf(spec, service, { hostname, ...more }),
    ...limitAttributes(spec.resources),
    shm_size,
    depends_on: depends.length > 0 ? depends : undefined,
  };
}

function processOf(spec: ContainerSpec, { oneShot }: BlueprintService, options: Attributes): Attributes {
  const { restart } = spec;
  return {
    restart: restart.policy,
    max_retry_count: restart.maxRetries,
    must_run: oneShot || restart.policy === 'no' ? false : undefined,
    attach: oneShot ? true : undefined,
    ...options,
    tmpfs: tmpfsOf(spec.mounts ?? []),
  };
}

function blocksOf(spec: ContainerSpec, service: BlueprintService, context: TofuContext): readonly HclBlock[] {
  return [
    ...(spec.ports ?? []).map(({ containerPort, hostPort, hostIp, protocol }) =>
      block('ports', { internal: containerPort, external: hostPort, ip: hostIp, protocol }),
    ),
    ...networkBlocks(service, context),
    ...(spec.mounts ?? []).flatMap((mount) => mountBlocks(mount, service, context)),
    ...optionBlocks(spec).map(([name, attributes]) => block(name, attributes)),
    ...(spec.healthcheck ? healthBlock(spec.healthcheck) : []),
    ...(spec.files ?? []).map((file) => uploadBlock(file, context)),
    ...(spec.secrets ?? []).map((file) => uploadBlock(file, context)),
    ...labelBlocks(spec.labels),
  ];
}

function block(name: string, attributes: Attributes): HclBlock {
  return { block: name, body: { attributes } };
}

function networkBlocks(
  { target, spec }: BlueprintService,
  { blueprint, labels }: TofuContext,
): readonly HclBlock[] {
  return Object.entries(spec.networks ?? {}).map(([engineName, { aliases, ipv4Address, ipv6Address }]) => {
    const found = blueprint.networks.find((part) => part.target === target && part.spec.name === engineName);
    const label = found && labels.of('network', target, found.name);
    const reference = `${found?.spec.external ? 'data.' : ''}docker_network.${label}.name`;
    return block('networks_advanced', {
      name: found ? { expression: reference } : engineName,
      aliases,
      ipv4_address: ipv4Address,
      ipv6_address: ipv6Address,
    });
  });
}

function mountBlocks(
  mount: MountSpec,
  { target }: BlueprintService,
  { blueprint, labels }: TofuContext,
): readonly HclBlock[] {
  const common = { target: mount.target, type: mount.type, read_only: mount.readOnly };
  switch (mount.type) {
    case 'volume': {
      const found = blueprint.volumes.find(
        (part) => part.target === target && part.spec.name === mount.source,
      );
      const source =
        found && !found.spec.external
          ? { expression: `docker_volume.${labels.of('volume', target, found.name)}.name` }
          : mount.source;
      const more = mount.nocopy ? [block('volume_options', { no_copy: true })] : [];
      return [{ block: 'mounts', body: { attributes: { ...common, source }, blocks: more } }];
    }
    case 'bind': {
      const more = mount.propagation ? [block('bind_options', { propagation: mount.propagation })] : [];
      return [{ block: 'mounts', body: { attributes: { ...common, source: mount.source }, blocks: more } }];
    }
    case 'anonymous':
      return [block('volumes', { container_path: mount.target, read_only: mount.readOnly })];
    case 'tmpfs':
      return [];
    default:
      return mount satisfies never;
  }
}

function tmpfsOf(mounts: readonly MountSpec[]): Record<string, string> | undefined {
  const entries = mounts.flatMap((mount): [string, string][] => {
    if (mount.type !== 'tmpfs') return [];
    const { target, sizeBytes, mode, readOnly, options = [] } = mount;
    const words = [
      ...(sizeBytes === undefined ? [] : [`size=${sizeBytes}`]),
      ...(mode === undefined ? [] : [`mode=${mode.toString(8)}`]),
      ...(readOnly ? ['ro'] : []),
      ...options,
    ];
    return [[target, words.join(',')]];
  });
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

function healthBlock(healthcheck: HealthcheckSpec): readonly HclBlock[] {
  if ('disabled' in healthcheck) return [block('healthcheck', { test: ['NONE'] })];
  const { test, intervalMs, timeoutMs, startPeriodMs, retries } = healthcheck;
  // The provider wants a test; the one of the image is not known here.
  if (test === undefined) return [];
  const time = (value: number | undefined) => (value === undefined ? undefined : formatDuration(value));
  return [
    block('healthcheck', {
      test,
      interval: time(intervalMs),
      timeout: time(timeoutMs),
      start_period: time(startPeriodMs),
      retries,
    }),
  ];
}

const EXECUTABLE = 0o111;

function uploadBlock(file: FileSpec, { blueprint }: TofuContext): HclBlock {
  const permissions = `0${file.mode.toString(8)}`;
  const common = {
    file: file.target,
    permissions,
    executable: (file.mode & EXECUTABLE) !== 0 ? true : undefined,
  };
  if ('content' in file)
    return block('upload', { ...common, content: templateOf('', file.content, blueprint) });
  const bytes = blueprint.content(file.blob);
  const text = textOf(bytes);
  return text === null
    ? block('upload', { ...common, content_base64: Buffer.from(bytes).toString('base64') })
    : block('upload', { ...common, content: text });
}

/** A text with `${var.name}` wherever a secret stands. */
function templateOf(prefix: string, value: string | Secret, { variables }: Blueprint): HclValue {
  const pieces = piecesOf(value, variables);
  const plain = (text: string) => escapeHcl(text);
  const [only] = pieces;
  if (prefix === '' && pieces.length === 1 && only && 'variable' in only) return variable(only.variable);
  const text = writePieces(pieces, plain, (name) => `\${${variable(name).expression}}`);
  return { expression: `"${escapeHcl(prefix)}${text}"` };
}

function variable(name: string): HclExpression {
  return { expression: `var.${name.toLowerCase()}` };
}

function reportUnsupported({ name, spec }: BlueprintService, { notes }: TofuContext): void {
  const keys = [...unsupportedOptions(spec), ...(spec.volumesFrom ? ['volumesFrom'] : [])].sort(compareText);
  const more = [
    ...unsupportedLimits(spec.resources),
    ...(spec.endpoints ? ['endpoints'] : []),
    ...(spec.postStart ? ['postStart'] : []),
    ...(spec.preStop ? ['preStop'] : []),
    ...((spec.secrets ?? []).length > 0 ? ['secrets in memory (they are uploaded)'] : []),
  ];
  const all = [...keys, ...more];
  if (all.length > 0) notes.push(`${name}: the provider cannot say ${all.join(', ')}`);
}
