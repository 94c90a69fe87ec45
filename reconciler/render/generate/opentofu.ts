import type { NetworkSpec, VolumeSpec } from '../../model/docker/docker-spec.ts';
import type { DockerReference } from '../../model/target.ts';
import type { Blueprint, BlueprintBuild, BlueprintPart } from './blueprint.ts';
import type { Generated } from '../../model/generated.ts';
import { headLines } from './generated.ts';
import type { HclBlock, HclExpression, HclValue } from './hcl.ts';
import { quoteHcl, writeHcl } from './hcl.ts';
import { tofuContainer } from './opentofu-container.ts';
import type { Labels } from './opentofu-names.ts';
import { createLabels, identifier, imageKey, labelBlocks } from './opentofu-names.ts';

const SOURCE = 'kreuzwerker/docker';
const VERSION = '~> 3.0';

/** OpenTofu with the provider kreuzwerker/docker: one provider for each node, secrets as sensitive variables. */
export function generateOpenTofu(blueprint: Blueprint): Generated {
  const notes: string[] = [];
  const labels = createLabels(blueprint);
  const resources = [
    ...blueprint.networks.map((part) => networkOf(part, labels)),
    ...blueprint.volumes.flatMap((part) => volumeOf(part, labels)),
    ...imagesOf(blueprint, labels),
    ...blueprint.services.map((service) => tofuContainer(service, { blueprint, labels, notes })),
  ];
  const head = headLines(blueprint.file, notes).map((line) => `# ${line}\n`);
  const main = writeHcl([
    settings(),
    ...blueprint.targets.filter((one) => one.kind === 'docker').map(providerOf),
    ...resources,
  ]);
  const variables = variablesOf(blueprint);
  return {
    files: [
      { path: 'main.tf', content: `${head.join('')}\n${main}` },
      ...(variables.length > 0 ? [{ path: 'variables.tf', content: writeHcl(variables) }] : []),
      { path: 'outputs.tf', content: writeHcl([outputOf(blueprint, labels)]) },
    ],
    notes,
  };
}

function settings(): HclBlock {
  const docker: HclValue = { source: SOURCE, version: VERSION };
  return {
    block: 'terraform',
    body: { attributes: {}, blocks: [{ block: 'required_providers', body: { attributes: { docker } } }] },
  };
}

function providerOf({ name, connection }: DockerReference): HclBlock {
  const alias = identifier(name);
  const file = (path: string): HclExpression => ({ expression: `file(${quoteHcl(path)})` });
  switch (connection.type) {
    case 'local':
      return provider({ alias, host: 'unix:///var/run/docker.sock' });
    case 'unix':
      return provider({ alias, host: `unix://${connection.path}` });
    case 'tcp': {
      const { host, port, tls } = connection;
      const material = tls && {
        ca_material: file(tls.ca),
        cert_material: file(tls.cert),
        key_material: file(tls.key),
      };
      return provider({ alias, host: `tcp://${host}:${port}`, ...material });
    }
    case 'ssh': {
      const { host, port, user, keyPath } = connection;
      const options = keyPath === undefined ? undefined : ['-i', keyPath];
      return provider({ alias, host: `ssh://${user}@${host}:${port}`, ssh_opts: options });
    }
    default:
      return connection satisfies never;
  }
}

function provider(attributes: HclBlock['body']['attributes']): HclBlock {
  return { block: 'provider', labels: ['docker'], body: { attributes } };
}

function networkOf({ name, target, spec }: BlueprintPart<NetworkSpec>, labels: Labels): HclBlock {
  const label = ['docker_network', labels.of('network', target, name)];
  const own = labels.provider(target);
  if (spec.external)
    return { block: 'data', labels: label, body: { attributes: { provider: own, name: spec.name } } };
  const { driver, internal, attachable, enableIpv6, driverOpts, ipam } = spec;
  return {
    block: 'resource',
    labels: label,
    body: {
      attributes: {
        provider: own,
        name: spec.name,
        driver,
        internal,
        attachable,
        ipv6: enableIpv6,
        options: driverOpts,
        ipam_driver: ipam?.driver,
        ipam_options: ipam?.options,
      },
      blocks: [
        ...(ipam?.config ?? []).map(({ subnet, ipRange, gateway, auxAddresses }): HclBlock => ({
          block: 'ipam_config',
          body: { attributes: { subnet, ip_range: ipRange, gateway, aux_address: auxAddresses } },
        })),
        ...labelBlocks(spec.labels),
      ],
    },
  };
}

/** The provider knows no volumes but its own: others are called by their names. */
function volumeOf({ name, target, spec }: BlueprintPart<VolumeSpec>, labels: Labels): readonly HclBlock[] {
  if (spec.external) return [];
  const { driver, driverOpts } = spec;
  const attributes = { provider: labels.provider(target), name: spec.name, driver, driver_opts: driverOpts };
  return [
    {
      block: 'resource',
      labels: ['docker_volume', labels.of('volume', target, name)],
      body: { attributes, blocks: labelBlocks(spec.labels) },
    },
  ];
}

/** One for each image and node. */
function imagesOf({ services, variables }: Blueprint, labels: Labels): readonly HclBlock[] {
  const images = new Map(services.map((service) => [`${service.target}\0${service.spec.image}`, service]));
  return [...images.values()].map((service) => {
    const { target, spec, build } = service;
    return {
      block: 'resource',
      labels: ['docker_image', labels.of('image', target, imageKey(service))],
      body: {
        attributes: {
          provider: labels.provider(target),
          name: build ? (build.names[0] ?? spec.image) : spec.image,
          platform: build ? undefined : spec.platform,
          keep_locally: true,
        },
        blocks: build ? [buildOf(build, variables)] : [],
      },
    };
  });
}

function buildOf(build: BlueprintBuild, variables: Blueprint['variables']): HclBlock {
  const {
    context,
    dockerfile,
    args,
    target,
    names,
    platform,
    cacheFrom,
    extraHosts,
    noCache,
    shmSize,
    labels,
    secrets,
  } = build;
  return {
    block: 'build',
    body: {
      attributes: {
        // The path begins at the root of the repository.
        context: { expression: `"\${path.root}/${context}"` },
        dockerfile,
        target,
        platform,
        no_cache: noCache,
        shm_size: shmSize,
        tag: names.length > 1 ? names.slice(1) : undefined,
        cache_from: cacheFrom,
        extra_hosts: extraHosts,
        build_args: args,
        label: labels,
      },
      // The provider takes them from its environment, where the values of variables may be given too.
      blocks: secrets.map(({ id, reference }) => ({
        block: 'secrets',
        body: { attributes: { id, env: `TF_VAR_${variables.nameOf(reference).toLowerCase()}` } },
      })),
    },
  };
}

function variablesOf({ variables }: Blueprint): readonly HclBlock[] {
  return variables.list().map(({ name, reference, default: value }) => ({
    block: 'variable',
    labels: [name.toLowerCase()],
    body: {
      attributes: {
        description: reference,
        type: { expression: 'string' },
        default: value,
        sensitive: true,
      },
    },
  }));
}

function outputOf({ services }: Blueprint, labels: Labels): HclBlock {
  const containers = services.map(({ name, target }) => [
    name,
    { expression: `docker_container.${labels.of('container', target, name)}.id` },
  ]);
  return {
    block: 'output',
    labels: ['containers'],
    body: {
      attributes: { description: 'Ids of the containers by service.', value: Object.fromEntries(containers) },
    },
  };
}
