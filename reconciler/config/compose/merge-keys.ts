import type { ComposeNode } from './node.ts';
import { textOf } from './node.ts';

type Indexer = (node: ComposeNode) => string | undefined;

/** Returns what tells entries of one list apart; `undefined` for lists whose entries may repeat. */
export function indexerOf(place: string): Indexer | undefined {
  return INDEXERS.get(place);
}

const byText: Indexer = (node) => textOf(node);
const byKey: Indexer = (node) => textOf(node)?.split('=')[0];

const INDEXERS = new Map<string, Indexer>([
  ...['cap_add', 'cap_drop', 'dns', 'dns_opt', 'dns_search', 'links', 'profiles', 'expose', 'tmpfs'].map(
    (key): [string, Indexer] => [`services.*.${key}`, byText],
  ),
  ['services.*.build.tags', byText],
  ['services.*.build.platforms', byText],
  ['services.*.networks.*.aliases', byText],
  ['services.*.networks.*.link_local_ips', byText],
  ['services.*.sysctls', byKey],
  ['services.*.labels', byKey],
  ['services.*.annotations', byKey],
  ['services.*.env_file', (node) => (node.kind === 'map' ? textOf(node.entries.get('path')) : textOf(node))],
  ['services.*.ports', portKey],
  ['services.*.volumes', mountKey],
  ['services.*.devices', deviceKey],
  ['services.*.configs', (node) => useKey(node, '/')],
  ['services.*.secrets', (node) => useKey(node, '/run/secrets/')],
]);

function portKey(node: ComposeNode): string | undefined {
  if (node.kind !== 'map') return textOf(node);
  const field = (key: string, otherwise = ''): string => textOf(node.entries.get(key)) ?? otherwise;
  return `${field('host_ip')}:${field('published')}:${field('target')}/${field('protocol', 'tcp')}`;
}

/** The place inside of the container. */
function mountKey(node: ComposeNode): string | undefined {
  if (node.kind === 'map') return clean(textOf(node.entries.get('target')));
  const [source, target] = splitMount(textOf(node) ?? '');
  return clean(target === undefined || /^(ro|rw)$/.test(target) ? source : target);
}

function deviceKey(node: ComposeNode): string | undefined {
  if (node.kind === 'map') return textOf(node.entries.get('target')) ?? textOf(node.entries.get('source'));
  const [source, target] = (textOf(node) ?? '').split(':');
  return target ?? source;
}

function useKey(node: ComposeNode, directory: string): string | undefined {
  if (node.kind !== 'map') return `${directory}${textOf(node) ?? ''}`;
  const target = textOf(node.entries.get('target')) ?? textOf(node.entries.get('source')) ?? '';
  return target.startsWith('/') ? target : `${directory}${target}`;
}

function clean(path: string | undefined): string | undefined {
  return path?.replace(/(.)\/+$/, '$1');
}

/** Source, target and options of a mount in the short form. */
export function splitMount(text: string): readonly string[] {
  return text.split(':');
}
