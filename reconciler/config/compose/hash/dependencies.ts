import type { ComposeNode, MapNode } from '../node.ts';
import { child, entriesOf, textOf } from '../node.ts';

/** Everything that a service is made after, in the order of the texts. */
export function dependenciesOf(service: MapNode): readonly string[] {
  const found = new Map<string, string>();
  const { entries } = service;
  const said = entries.get('depends_on');
  for (const [name, node] of said?.kind === 'list'
    ? said.items.map((item) => [textOf(item) ?? '', undefined] as const)
    : entriesOf(said)) {
    const condition = textOf(child(node, 'condition')) ?? 'service_started';
    found.set(name, `${condition}:${textOf(child(node, 'restart')) === 'true'}`);
  }
  const add = (name: string, restart: boolean): void => {
    if (!found.has(name)) found.set(name, `service_started:${restart}`);
  };
  for (const link of listOf(entries.get('links'))) {
    const parts = link.split(':');
    add(parts.length === 2 ? (parts[0] ?? link) : link, true);
  }
  for (const key of ['network_mode', 'ipc', 'pid', 'uts', 'cgroup']) {
    const [, name] = /^service:(.+)$/.exec(textOf(entries.get(key)) ?? '') ?? [];
    if (name !== undefined) add(name, true);
  }
  for (const volumes of listOf(entries.get('volumes_from'))) {
    if (!volumes.startsWith('container:')) add(volumes.split(':')[0] ?? volumes, false);
  }
  return [...found].map(([name, rest]) => `${name}:${rest}`).toSorted();
}

function listOf(node: ComposeNode | undefined): readonly string[] {
  return node?.kind === 'list' ? node.items.flatMap((item) => textOf(item) ?? []) : [];
}
