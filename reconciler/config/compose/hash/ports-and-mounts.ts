import { posix } from 'node:path';
import type { ComposeNode, ListNode } from '../node.ts';
import { child, entriesOf, isEmpty, list, map, scalar, textOf } from '../node.ts';
import type { Fields, Scope, Writer } from './writers.ts';
import { bytes, flag, integer, list as listOf, path, struct, text, textMap } from './writers.ts';
import { Unreproducible } from './go-json.ts';

/* Ports, mounts and devices in their long form, as compose-go has them once it has read everything. */

const PORT: Fields = [
  ['name', text],
  ['mode', text],
  ['host_ip', text],
  ['target', integer],
  ['published', text],
  ['protocol', text],
  ['app_protocol', text],
];

export const ports: Writer = (node, scope) => {
  if (node?.kind !== 'list') return undefined;
  const items = node.items.flatMap((item) => (item.kind === 'map' ? [item] : shortPorts(item, scope)));
  return listOf(struct(PORT))(list(lastOfEach(items, portKey).map(withDefaults), node.origin), scope);
};

/** The last entry of each key, in the place of the first. */
function lastOfEach(
  items: readonly ComposeNode[],
  keyOf: (item: ComposeNode) => string,
): readonly ComposeNode[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()];
}

function portKey(node: ComposeNode): string {
  const field = (key: string, otherwise: string): string => textOf(child(node, key)) ?? otherwise;
  const published = child(node, 'published');
  // A number and a text that say the same are two.
  const kind = published?.kind === 'scalar' ? typeof published.value : '';
  const host = field('host_ip', '0.0.0.0');
  return `${host}:${kind}${field('published', '')}:${field('target', '')}/${field('protocol', 'tcp')}`;
}

function withDefaults(node: ComposeNode): ComposeNode {
  if (node.kind !== 'map') return node;
  const { origin } = node;
  const defaults = [
    ['protocol', scalar('tcp', origin)],
    ['mode', scalar('ingress', origin)],
  ] as const;
  return map([...defaults, ...node.entries], origin);
}

const SHORT_PORT = /^(?:(?:(?<ip>.*):)?(?<host>[^:]*):)?(?<container>[^:/]+)(?:\/(?<protocol>[a-z]+))?$/i;

function shortPorts(node: ComposeNode, { key }: Scope): readonly ComposeNode[] {
  const written = textOf(node) ?? '';
  const parts = SHORT_PORT.exec(written)?.groups;
  const container = readRange(parts?.['container'] ?? '');
  const hostText = parts?.['host'] ?? '';
  const host = hostText === '' ? undefined : readRange(hostText);
  if (!container || (hostText !== '' && !host)) throw new Unreproducible(key, `holds the port "${written}"`);
  const count = container.end - container.start;
  const isChoice = host !== undefined && count === 0 && host.end > host.start;
  if (host && !isChoice && host.end - host.start !== count)
    throw new Unreproducible(key, `holds the port "${written}"`);
  const ip = (parts?.['ip'] ?? '').replace(/^\[(.*)\]$/, '$1');
  const protocol = (parts?.['protocol'] ?? 'tcp').toLowerCase();
  const { origin } = node;
  const all = Array.from({ length: count + 1 }, (_, index): readonly [string, ComposeNode] => {
    const target = container.start + index;
    const published = host ? (isChoice ? `${host.start}-${host.end}` : String(host.start + index)) : '';
    const entries: [string, ComposeNode][] = [
      ['mode', scalar('ingress', origin)],
      ['target', scalar(target, origin)],
      ['protocol', scalar(protocol, origin)],
    ];
    if (ip !== '') entries.push(['host_ip', scalar(ip, origin)]);
    if (published !== '') entries.push(['published', scalar(published, origin)]);
    return [`${target}/${protocol}`, map(entries, origin)];
  });
  // Ports of one range are in the order of their texts.
  return all.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, port]) => port);
}

interface Range {
  readonly start: number;
  readonly end: number;
}

function readRange(written: string): Range | undefined {
  const [, start, end = start] = /^(\d+)(?:-(\d+))?$/.exec(written) ?? [];
  const range = { start: Number(start), end: Number(end) };
  return range.end >= range.start && range.end <= 65_535 ? range : undefined;
}

const MOUNT: Fields = [
  ['type', text],
  ['source', text],
  ['target', text],
  ['read_only', flag],
  ['consistency', text],
  [
    'bind',
    struct([
      ['selinux', text],
      ['propagation', text],
      ['create_host_path', flag],
      ['recursive', text],
    ]),
  ],
  [
    'volume',
    struct([
      ['labels', textMap],
      ['nocopy', flag],
      ['subpath', text],
    ]),
  ],
  [
    'tmpfs',
    struct([
      ['size', bytes],
      ['mode', integer],
    ]),
  ],
  ['image', struct([['subpath', text]])],
];

const BIND: Fields = MOUNT.map(([key, writer]) => [key, key === 'source' ? path : writer]);

export const mounts: Writer = (node, scope) => {
  if (node?.kind !== 'list') return undefined;
  return listOf((item, at) => struct(isBind(item) ? BIND : MOUNT)(item, at))(longMounts(node, scope), scope);
};

/** The mounts of a service in the long form, one for each place. */
export function longMounts(node: ListNode, scope: Scope): ListNode {
  const items = node.items.map((item) => cleanTarget(item.kind === 'map' ? item : shortMount(item, scope)));
  return list(
    lastOfEach(items, (item) => textOf(child(item, 'target')) ?? ''),
    node.origin,
  );
}

function isBind(node: ComposeNode | undefined): boolean {
  return textOf(child(node, 'type')) === 'bind';
}

function cleanTarget(node: ComposeNode): ComposeNode {
  const target = child(node, 'target');
  const written = textOf(target);
  if (node.kind !== 'map' || !target || written === undefined) return node;
  return map([...node.entries, ['target', scalar(cleanPath(written), target.origin)]], node.origin);
}

/** A path as Go cleans it. */
export function cleanPath(written: string): string {
  return posix.normalize(written).replace(/(.)\/+$/, '$1');
}

const PROPAGATIONS = new Set(['rprivate', 'private', 'rshared', 'shared', 'rslave', 'slave']);

function shortMount(node: ComposeNode, { key }: Scope): ComposeNode {
  const written = textOf(node) ?? '';
  const { origin } = node;
  const say = (entries: readonly (readonly [string, string | boolean | ComposeNode])[]): ComposeNode =>
    map(
      entries.map(([name, value]) => [name, typeof value === 'object' ? value : scalar(value, origin)]),
      origin,
    );
  if (written.length <= 2) {
    return say([
      ['type', 'volume'],
      ['target', written],
    ]);
  }
  // One letter is the drive of a path of Windows.
  const parts = written.split(/(?<!^\p{L}):/u);
  const [first = '', second, options = '', ...more] = parts;
  const isDrive = second !== undefined && /^\p{L}:/u.test(first);
  const isOdd = parts.includes('') || more.length > 0 || written.includes('\\') || isDrive;
  if (isOdd) throw new Unreproducible(key, `holds the mount "${written}"`);
  if (second === undefined) {
    return say([
      ['type', 'volume'],
      ['target', first],
      ['volume', map([], origin)],
    ]);
  }
  const bind = /^[./~]/.test(first);
  const entries = new Map<string, string | boolean | ComposeNode>([
    ['type', bind ? 'bind' : 'volume'],
    ['source', first],
    ['target', second],
  ]);
  const binding: [string, ComposeNode][] = [];
  for (const option of options.split(',')) {
    if (option === 'ro') entries.set('read_only', true);
    else if (option === 'rw') entries.delete('read_only');
    else if (option === 'nocopy') entries.set('volume', map([['nocopy', scalar(true, origin)]], origin));
    else if (PROPAGATIONS.has(option)) binding.push(['propagation', scalar(option, origin)]);
    else if (option === 'z' || option === 'Z') binding.push(['selinux', scalar(option, origin)]);
  }
  if (bind) binding.push(['create_host_path', scalar(true, origin)]);
  if (binding.length > 0) entries.set('bind', map(binding, origin));
  if (!bind && !entries.has('volume')) entries.set('volume', map([], origin));
  return say([...entries]);
}

const DEVICE: Fields = [
  ['source', text],
  ['target', text],
  ['permissions', text],
];

export const devices: Writer = (node, scope) => {
  if (node?.kind !== 'list') return undefined;
  const items = node.items.map((item) => (item.kind === 'map' ? item : shortDevice(item)));
  const kept = lastOfEach(items, (item) => textOf(child(item, 'target')) ?? '');
  return listOf(struct(DEVICE))(list(kept, node.origin), scope);
};

function shortDevice(node: ComposeNode): ComposeNode {
  const [source = '', target = '', permissions = 'rwm'] = (textOf(node) ?? '').split(':');
  const entries: [string, ComposeNode][] = [
    ['source', scalar(source, node.origin)],
    ['target', scalar(target || source, node.origin)],
    ['permissions', scalar(permissions, node.origin)],
  ];
  return map(entries, node.origin);
}

/** Configs and secrets of a service; `directory`: where a secret is put when nothing is said. */
export function longUses(node: ComposeNode | undefined, directory?: string): ComposeNode | undefined {
  if (node?.kind !== 'list') return undefined;
  const items = node.items.map((item) => {
    const { origin } = item;
    const use = item.kind === 'map' ? item : map([['source', item]], origin);
    if (directory === undefined || !isEmpty(child(use, 'target'))) return use;
    const source = textOf(child(use, 'source')) ?? '';
    return map([...entriesOf(use), ['target', scalar(`${directory}/${source}`, origin)]], origin);
  });
  const keyOf = (item: ComposeNode): string =>
    textOf(child(item, 'target')) ?? `/${textOf(child(item, 'source')) ?? ''}`;
  return list(lastOfEach(items, keyOf), node.origin);
}
