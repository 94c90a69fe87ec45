import type { ComposeNode } from '../node.ts';
import { child, entriesOf, isEmpty, map, scalar, textOf } from '../node.ts';
import type { Fields, Scope } from './writers.ts';
import { always, flag, list, optionalFlag, struct, text, textMap } from './writers.ts';

/* Networks and volumes as compose-go writes them. */

const NETWORK: Fields = [
  ['name', text],
  ['driver', text],
  ['driver_opts', textMap],
  [
    'ipam',
    always([
      ['driver', text],
      [
        'config',
        list(
          struct([
            ['subnet', text],
            ['gateway', text],
            ['ip_range', text],
            ['aux_addresses', textMap],
          ]),
        ),
      ],
    ]),
  ],
  ['external', flag],
  ['internal', flag],
  ['attachable', flag],
  ['labels', textMap],
  ['enable_ipv4', optionalFlag],
  ['enable_ipv6', optionalFlag],
];

const VOLUME: Fields = [
  ['name', text],
  ['driver', text],
  ['driver_opts', textMap],
  ['external', flag],
  ['labels', textMap],
];

/** A network or volume with the name that it has on the engine. */
export function named(key: string, node: ComposeNode, project: string): ComposeNode {
  const { origin } = node;
  const external = child(node, 'external');
  const isExternal = external?.kind === 'map' || textOf(external)?.toLowerCase() === 'true';
  const given = child(node, 'name') ?? child(external, 'name');
  const name = isEmpty(given) ? undefined : given;
  const entries: (readonly [string, ComposeNode])[] = entriesOf(node).filter(
    ([field]) => field !== 'external' && field !== 'name',
  );
  const all: (readonly [string, ComposeNode])[] = [
    ...entries,
    ['name', name ?? scalar(isExternal ? key : `${project}_${key}`, origin)],
  ];
  if (isExternal) all.push(['external', scalar(true, origin)]);
  return map(all, origin);
}

export function writeNetwork(node: ComposeNode, scope: Scope): string {
  return always(NETWORK)(node, scope) ?? '';
}

/** One without a driver has `local`. A directory that one is bound to is a path of the host. */
export function writeVolume(node: ComposeNode, scope: Scope): string {
  const options = child(node, 'driver_opts');
  const device = child(options, 'device');
  const isBind = textOf(child(node, 'driver')) === 'local' && textOf(child(options, 'o')) === 'bind';
  const entries = new Map(entriesOf(node));
  if (isEmpty(entries.get('driver'))) entries.set('driver', scalar('local', node.origin));
  if (isBind && device && options) {
    const bound = scalar(scope.absolute(device), device.origin);
    entries.set('driver_opts', map([...entriesOf(options), ['device', bound]], options.origin));
  }
  return always(VOLUME)(map(entries, node.origin), scope) ?? '';
}
