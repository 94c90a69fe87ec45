import type { Json, JsonObject } from '../../base/json.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, asList, asString, asText } from '../../base/values.ts';
import { formatBytes } from '../../base/units.ts';
import { formatCores } from './values.ts';
import type { Fact } from './object-facts.ts';
import { objectFacts } from './object-facts.ts';

/** Tells what matters of what a spec describes, most of all how it is reached and what it reaches. */
export function factsOf(kind: string, spec: JsonObject | null): readonly Fact[] {
  if (spec === null) return [];
  const facts = DOCKER.get(kind)?.(spec) ?? objectFacts(spec);
  return facts.filter(([, text]) => text !== '');
}

const DOCKER: ReadonlyMap<string, (spec: JsonObject) => readonly Fact[]> = new Map([
  ['container', containerFacts],
  [
    'network',
    (spec) => [
      ['driver', text(spec['driver'])],
      ['', spec['internal'] === true ? 'without a way out' : ''],
      ['', spec['attachable'] === true ? 'others may join' : ''],
      ['addresses', addressesOf(spec['ipam'])],
    ],
  ],
  [
    'volume',
    (spec) => [
      ['driver', text(spec['driver'])],
      ['options', pairs(spec['driverOpts'])],
    ],
  ],
  ['image', (spec) => [['built from', text(asFields(spec['build'])?.['dockerfile'])]]],
]);

function containerFacts(spec: JsonObject): readonly Fact[] {
  return [
    ['image', text(spec['image'])],
    ['ports', list(spec['ports'], portText)],
    ['mounts', list(spec['mounts'], mountText)],
    ['networks', asString(spec['networkMode']) ?? Object.keys(asFields(spec['networks']) ?? {}).join(', ')],
    ['env', Object.keys(asFields(spec['env']) ?? {}).join(', ')],
    ['secrets', list(spec['secrets'], (file) => asString(file['target']) ?? '')],
    ['entrypoint', words(spec['entrypoint'])],
    ['command', words(spec['command'])],
    ['user', asString(spec['user']) ?? ''],
    ['limits', limitsText(asFields(spec['resources']) ?? {})],
  ];
}

/** `127.0.0.1:8080 → 80/tcp`; a port that is not published is its number. */
export function portText(port: Fields): string {
  const { hostIp, hostPort, containerPort } = port;
  const protocol = asString(port['protocol']) ?? 'tcp';
  const ip = asString(hostIp);
  const address = ip?.includes(':') === true ? `[${ip}]` : ip;
  const inside = `${asText(containerPort)}/${protocol}`;
  if (hostPort === undefined && address === undefined) return `any → ${inside}`;
  return `${[...(address === undefined ? [] : [address]), asText(hostPort ?? 'any')].join(':')} → ${inside}`;
}

/** `data → /var/lib/data`, `/srv/media → /media (read-only)`. */
export function mountText(mount: Fields): string {
  const type = asString(mount['type']);
  const source = type === 'tmpfs' || type === 'anonymous' ? type : asString(mount['source']);
  const size = typeof mount['sizeBytes'] === 'number' ? [formatBytes(mount['sizeBytes'])] : [];
  const notes = [...(mount['readOnly'] === true ? ['read-only'] : []), ...size];
  return `${source ?? '?'} → ${asString(mount['target']) ?? '?'}${notes.length === 0 ? '' : ` (${notes.join(', ')})`}`;
}

function limitsText({ memoryBytes, nanoCpus, pidsLimit }: Fields): string {
  return [
    ...(typeof memoryBytes === 'number' ? [formatBytes(memoryBytes)] : []),
    ...(typeof nanoCpus === 'number' ? [formatCores(nanoCpus)] : []),
    ...(typeof pidsLimit === 'number' ? [`${pidsLimit} processes`] : []),
  ].join(', ');
}

function addressesOf(ipam: Json | undefined): string {
  return list(asFields(ipam)?.['config'], (pool) => asString(pool['subnet']) ?? '');
}

function list(value: unknown, write: (item: Fields) => string): string {
  return (asList(value) ?? []).map((item) => write(asFields(item) ?? {})).join(', ');
}

/** A command line; words with spaces are quoted. */
function words(value: unknown): string {
  const all = (asList(value) ?? [])
    .map(asText)
    .map((word) => (/^\S+$/.test(word) ? word : JSON.stringify(word)));
  const line = all.join(' ');
  return line.length > MAX_COMMAND_LENGTH ? `${line.slice(0, MAX_COMMAND_LENGTH)}…` : line;
}

const MAX_COMMAND_LENGTH = 160;

function pairs(value: unknown): string {
  return Object.entries(asFields(value) ?? {})
    .map(([key, member]) => `${key}=${asText(member)}`)
    .join(', ');
}

function text(value: unknown): string {
  return asString(value) ?? '';
}
