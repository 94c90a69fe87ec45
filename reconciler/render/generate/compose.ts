import { Document } from 'yaml';
import type { NetworkSpec, VolumeSpec } from '../../model/docker/docker-spec.ts';
import { defined, toRecord } from '../../base/values.ts';
import type { Blueprint, BlueprintBuild, BlueprintPart, BlueprintService } from './blueprint.ts';
import { composeService } from './compose-service.ts';
import { escapeCompose, escaped } from './compose-text.ts';
import { buildSecretName, placeFiles } from './compose-files.ts';
import type { Generated, GeneratedFile, Variable } from '../../model/generated.ts';
import { headLines } from './generated.ts';

/** A Compose file for each node; in directories of their names when there are several. */
export function generateCompose(blueprint: Blueprint): Generated {
  const nodes = [...new Set(blueprint.services.map(({ target }) => target))].sort();
  const results = nodes.map((node) => composeOf(blueprint, node, nodes.length > 1 ? `${node}/` : ''));
  const variables = blueprint.variables.list();
  const example = variables.map(exampleOf).join('');
  return {
    files: [
      ...results.flatMap(({ files }) => files),
      ...(variables.length > 0 ? [{ path: '.env.example', content: example }] : []),
    ],
    notes: results.flatMap(({ notes }) => notes),
  };
}

/** Writes an example of a variable; one that has a default is a comment, to change it. */
function exampleOf({ name, reference, default: value }: Variable): string {
  if (value === undefined) return `# ${reference}\n${name}=\n`;
  const text = /^[\w./:@+,-]*$/.test(value) ? value : JSON.stringify(value).replaceAll('$', '\\$');
  return `# ${reference}\n# ${name}=${text}\n`;
}

function composeOf(blueprint: Blueprint, node: string, prefix: string): Generated {
  const here = <T extends { readonly target: string }>(list: readonly T[]) =>
    list.filter(({ target }) => target === node);
  const services = here(blueprint.services);
  const placed = placeFiles(services, blueprint);
  const notes = [
    ...services.flatMap((service) => notesOf(service, services)),
    ...(prefix === '' ? [] : [`this is the part of the stack that runs on ${node}`]),
  ];
  const document = defined({
    name: blueprint.stack,
    services: toRecord(
      services.map((service) => [service.name, serviceOf(service, services, blueprint, placed.of)] as const),
    ),
    networks: filled(toRecord(here(blueprint.networks).map((part) => [part.name, networkOf(part)] as const))),
    volumes: filled(toRecord(here(blueprint.volumes).map((part) => [part.name, volumeOf(part)] as const))),
    configs: filled(placed.configs),
    secrets: filled(placed.secrets),
  });
  const head = headLines(blueprint.file, notes).map((line) => `# ${line}\n`);
  const text = `${head.join('')}${writeYaml(document)}`;
  const files: readonly GeneratedFile[] = placed.files.map(({ path, content }) => ({
    path: `${prefix}${path}`,
    content,
  }));
  return { files: [{ path: `${prefix}compose.yaml`, content: text }, ...files], notes };
}

function notesOf(
  { name, dependsOn }: BlueprintService,
  here: readonly BlueprintService[],
): readonly string[] {
  return dependsOn
    .filter(({ service }) => !here.some((other) => other.name === service))
    .map(({ service }) => `${name} waits for ${service}, which runs on another node`);
}

type Placed = ReturnType<typeof placeFiles>;

function serviceOf(
  service: BlueprintService,
  here: readonly BlueprintService[],
  blueprint: Blueprint,
  placedOf: Placed['of'],
): object {
  const { build } = service;
  const image = build ? (build.names[0] ?? '') : service.spec.image;
  return {
    image: escapeCompose(image),
    ...(build ? { build: buildOf(build, service.name) } : {}),
    ...composeService(service, here, blueprint),
    ...placedOf(service.name),
  };
}

/** Paths in the repository are found from its root, wherever the file stands. */
function buildOf({ names, platform, cacheFrom, secrets, ...build }: BlueprintBuild, service: string): object {
  const { context, remote, dockerfileInline, extraHosts, noCache, shmSize, ...rest } = build;
  const more = names.slice(1);
  const fields = defined({
    ...rest,
    tags: more.length > 0 ? more : undefined,
    cache_from: cacheFrom,
    secrets:
      secrets.length > 0
        ? secrets.map(({ id }, index) => ({ source: buildSecretName(service, index), target: id }))
        : undefined,
    dockerfile_inline: dockerfileInline,
    extra_hosts: extraHosts,
    no_cache: noCache,
    shm_size: shmSize,
    platforms: platform === undefined ? undefined : [platform],
  });
  const place = escapeCompose(context);
  return { context: remote === undefined ? `\${CONFIG_REPOSITORY:-.}/${place}` : place, ...escaped(fields) };
}

function networkOf({ spec }: BlueprintPart<NetworkSpec>): object {
  const { name, driver, internal, attachable, driverOpts, enableIpv4, enableIpv6, ipam, external, labels } =
    spec;
  if (external) return { external: true, name: escapeCompose(name) };
  const fields = defined({
    name,
    driver,
    internal,
    attachable,
    driver_opts: driverOpts,
    enable_ipv4: enableIpv4,
    enable_ipv6: enableIpv6,
    labels,
    ipam:
      ipam &&
      defined({
        driver: ipam.driver,
        options: ipam.options,
        config: ipam.config?.map(({ subnet, ipRange, gateway, auxAddresses }) =>
          defined({ subnet, ip_range: ipRange, gateway, aux_addresses: auxAddresses }),
        ),
      }),
  });
  return escaped(fields);
}

function volumeOf({ spec }: BlueprintPart<VolumeSpec>): object {
  const { name, driver, driverOpts, external, labels } = spec;
  if (external) return { external: true, name: escapeCompose(name) };
  return escaped(defined({ name, driver, driver_opts: driverOpts, labels }));
}

function filled<T extends object>(value: T): T | undefined {
  return Object.keys(value).length > 0 ? value : undefined;
}

/** Block style, with nothing folded; what older YAML takes for a boolean is quoted. */
export function writeYaml(value: object): string {
  return new Document(value, { aliasDuplicateObjects: false, compat: 'yaml-1.1' }).toString({ lineWidth: 0 });
}
