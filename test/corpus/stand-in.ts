import { join } from 'node:path';
import { asFields, asList, asString } from '../../reconciler/base/values.ts';
import type { Fields } from '../../reconciler/base/values.ts';
import type { Adopted } from './adopt.ts';

/** Image that stands for every other: it listens on the ports and stays up. */
export const IMAGE = 'kombinator-corpus/stand-in:1';

/** Objects that a project expects to find on the engine. */
export interface External {
  readonly networks: readonly string[];
  readonly volumes: readonly string[];
}

export interface Place {
  /** Stands for the root of the host. */
  readonly scratch: string;
  /** `unix:///…` */
  readonly engine: string;
}

export interface StandIn {
  /** A kombination that runs anywhere. */
  readonly text: string;
  /** Things that had to be left out because they are the host's. */
  readonly host: readonly string[];
  readonly externals: External;
}

/**
 * The project with images that are here, ports that the engine chooses and directories of the host below `scratch`.
 * Everything else stays as the project has it.
 */
export function standIn({ analysis }: Adopted, { scratch, engine }: Place): StandIn {
  const root = asFields(analysis.document.value) ?? {};
  const host = new Set<string>();
  const completing = findCompleting(root);
  const waitedFor = findWaitedFor(root);
  const services = Object.entries(asFields(root['services']) ?? {}).map(([name, settings]) => {
    const fields = asFields(settings) ?? {};
    const role = {
      completes: completing.has(name),
      checked: waitedFor.has(name) || fields['healthcheck'] !== undefined,
    };
    return [name, replaceService(fields, { ...role, scratch, host })] as const;
  });
  const volumes = mapValues(root['volumes'], (volume) => plainVolume(volume, host));
  const networks = mapValues(root['networks'], (network) => plainNetwork(network, host));
  const { compose: _, variables: __, ...rest } = root;
  const nodes = [{ name: 'local', connection: { host: engine } }];
  const document = { ...rest, nodes, services: Object.fromEntries(services), volumes, networks };
  return {
    text: JSON.stringify(document, null, 1),
    host: [...host],
    externals: { networks: externalNames(networks), volumes: externalNames(volumes) },
  };
}

interface Role {
  readonly completes: boolean;
  readonly checked: boolean;
  readonly scratch: string;
  readonly host: Set<string>;
}

const REPLACED = ['build', 'entrypoint', 'command', 'platform', 'pull_policy', 'stop_signal', 'runtime'];
/** Hardware and kernel of the machine. */
const HARDWARE = [
  'devices',
  'gpus',
  'device_cgroup_rules',
  'sysctls',
  'cgroup_parent',
  'storage_opt',
  'security_opt',
  'ulimits',
];

function replaceService(fields: Fields, { completes, checked, scratch, host }: Role): object {
  const kept: Record<string, unknown> = { ...fields };
  for (const key of REPLACED) delete kept[key];
  for (const key of ['privileged', 'cap_add', 'pid', 'ipc', 'network_mode', 'userns_mode', ...HARDWARE]) {
    if (
      fields[key] !== undefined &&
      !/^(bridge|none|private|shareable|(service|container):.*)$/.test(textOf(fields[key]))
    )
      host.add(key);
  }
  const resources = asFields(asFields(fields['deploy'])?.['resources']);
  if (asFields(resources?.['reservations'])?.['devices'] !== undefined) host.add('reserved devices');
  const logging = asString(asFields(fields['logging'])?.['driver']);
  if (logging !== undefined && !/^(json-file|local|none)$/.test(logging)) delete kept['logging'];
  const user = textOf(fields['user']);
  if (!/^\d*(:\d*)?$/.test(user)) delete kept['user'];
  kept['image'] = IMAGE;
  kept['environment'] = passedOn(fields['environment']);
  if (fields['labels'] !== undefined) kept['labels'] = literal(fields['labels']);
  kept['stop_grace_period'] = '1s';
  if (fields['ports'] !== undefined) kept['ports'] = anyPorts(fields['ports']);
  kept['volumes'] = (asList(fields['volumes']) ?? []).map((mount) => scratchMount(mount, scratch));
  const ports = innerPorts(fields);
  const listen = ports.map((port) => `httpd -f -p ${port} -h /tmp &`).join(' ');
  kept['entrypoint'] = completes ? ['/bin/true'] : ['/bin/sh', '-c', `${listen} exec sleep 1000000`];
  if (completes) kept['restart'] = 'no';
  delete kept['healthcheck'];
  if (checked && !completes) {
    kept['healthcheck'] = { test: ['CMD', '/bin/true'], interval: '200ms', timeout: '5s', retries: 5 };
  }
  return kept;
}

/** Texts whose dollar signs mean themselves by now. */
function literal(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('$', '$$$$');
  const list = asList(value);
  if (list) return list.map(literal);
  const fields = asFields(value);
  if (!fields) return value;
  return Object.fromEntries(Object.entries(fields).map(([key, part]) => [key, literal(part)]));
}

/** A variable that is only passed on has no value here. */
function passedOn(environment: unknown): object {
  const entries = Object.entries(asFields(environment) ?? {});
  return Object.fromEntries(entries.filter(([, value]) => !/^\$\{\w+\}$/.test(String(value))));
}

/** The same ports inside; which ones they are on the machine is the engine's choice. */
function anyPorts(ports: unknown): readonly string[] {
  return (asList(ports) ?? []).map((port) => {
    const fields = asFields(port);
    if (fields) return `127.0.0.1::${String(fields['target'])}/${asString(fields['protocol']) ?? 'tcp'}`;
    const [address, protocol = 'tcp'] = String(port).split('/');
    return `127.0.0.1::${address?.split(':').at(-1)}/${protocol}`;
  });
}

function innerPorts(fields: Fields): readonly string[] {
  const found = [
    ...anyPorts(fields['ports']),
    ...(asList(fields['expose']) ?? []).map((port) => `:${String(port)}/tcp`),
  ];
  const numbers = found.flatMap((port) => /:(\d+)\/tcp$/.exec(port)?.[1] ?? []);
  return [...new Set(numbers)];
}

function scratchMount(mount: unknown, scratch: string): unknown {
  const fields = asFields(mount);
  if (fields) {
    const source = asString(fields['source']);
    const { bind: _, ...rest } = fields;
    return fields['type'] === 'bind' && source?.startsWith('/')
      ? { ...rest, source: join(scratch, source) }
      : mount;
  }
  const [source, target, options] = String(mount).split(':');
  if (!source?.startsWith('/') || target === undefined || /^(ro|rw)$/.test(target)) return mount;
  const kept = options?.split(',').filter((option) => option === 'ro');
  return [join(scratch, source), target, ...(kept?.length ? ['ro'] : [])].join(':');
}

function plainVolume(volume: Fields, host: Set<string>): object {
  if (asString(volume['driver']) !== undefined && volume['driver'] !== 'local')
    host.add(`volume driver ${String(volume['driver'])}`);
  const { driver: _, driver_opts: __, ...rest } = volume;
  return rest;
}

function plainNetwork(network: Fields, host: Set<string>): object {
  const driver = asString(network['driver']);
  if (driver !== undefined && !/^(bridge|default)$/.test(driver)) host.add(`network driver ${driver}`);
  return network;
}

function externalNames(parts: Readonly<Record<string, object>>): readonly string[] {
  return Object.entries(parts).flatMap(([key, part]) => {
    const { external, name } = asFields(part) ?? {};
    if (external !== true && !asFields(external)) return [];
    return [asString(name) ?? asString(asFields(external)?.['name']) ?? key];
  });
}

function mapValues(value: unknown, change: (fields: Fields) => object): Record<string, object> {
  return Object.fromEntries(
    Object.entries(asFields(value) ?? {}).map(([key, part]) => [key, change(asFields(part) ?? {})]),
  );
}

function conditionsOf(root: Fields): readonly (readonly [string, string])[] {
  return Object.values(asFields(root['services']) ?? {}).flatMap((service) =>
    Object.entries(asFields(asFields(service)?.['depends_on']) ?? {}).map(
      ([name, settings]) => [name, asString(asFields(settings)?.['condition']) ?? ''] as const,
    ),
  );
}

function findCompleting(root: Fields): ReadonlySet<string> {
  return new Set(
    conditionsOf(root).flatMap(([name, until]) => (until === 'service_completed_successfully' ? [name] : [])),
  );
}

function findWaitedFor(root: Fields): ReadonlySet<string> {
  return new Set(conditionsOf(root).flatMap(([name, until]) => (until === 'service_healthy' ? [name] : [])));
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
