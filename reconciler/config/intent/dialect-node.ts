import type { DocumentPath } from '../../base/document-path.ts';
import type { Moves } from './dialect-moves.ts';
import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, asString, defined, own } from '../../base/values.ts';

/** Users that providers give the first account. */
const USERS: Readonly<Record<string, string>> = {
  hetzner: 'root',
  proxmox: 'root',
  digitalocean: 'root',
  'digitalocean-managed': 'root',
  aws: 'ec2-user',
  gcp: 'admin',
  azure: 'azureuser',
};

/** One node in the words of the public format. */
export function normaliseNode(
  node: Fields,
  path: DocumentPath,
  { moves, diagnostics }: { readonly moves: Moves; readonly diagnostics: DiagnosticCollector },
): Fields {
  const { ssh: _ssh, ip: _ip, network, docker, taints, ...rest } = node;
  const written = asFields(node['connection']);
  for (const [key, value] of Object.entries({ ssh: node['ssh'], ip: node['ip'] })) {
    if (!written || value === undefined || value === written['host']) continue;
    const message = `${key} is not applied: connection says how the node is reached`;
    diagnostics.warning('NOT_APPLIED', [...path, key], message, { hint: 'take one of them out', at: 'key' });
  }
  for (const [key, value] of Object.entries({ network, docker, taints })) {
    if (value === undefined) continue;
    diagnostics.warning('NOT_APPLIED', [...path, key], `${key} of a node is not applied`, { at: 'key' });
  }
  if (node['type'] === 'kubernetes') return rest;
  const provider = asString(node['provider']) ?? asString(asFields(node['provider'])?.['type']);
  const connection = connectionOf({ node, provider, path, moves });
  return { ...rest, ...(connection ? { connection } : {}) };
}

function connectionOf(options: {
  readonly node: Fields;
  readonly provider: string | undefined;
  readonly path: DocumentPath;
  readonly moves: Moves;
}): Fields | undefined {
  const { node, provider, path, moves } = options;
  const at = [...path, 'connection'];
  const written = asFields(node['connection']);
  if (written) return written;
  const ssh = asFields(node['ssh']);
  if (ssh) {
    moves.move(at, [...path, 'ssh']);
    moves.move([...at, 'ssh_key'], [...path, 'ssh', 'key_path']);
    return defined({
      host: ssh['host'],
      port: ssh['port'],
      user: ssh['user'] ?? own(USERS, provider ?? '') ?? 'ubuntu',
      ssh_key: ssh['key_path'],
    });
  }
  const ip = asString(node['ip']);
  if (ip !== undefined) {
    moves.move(at, [...path, 'ip']);
    moves.move([...at, 'host'], [...path, 'ip']);
    return { host: ip };
  }
  // A node that is not reached in any way is the machine itself, or a shared node of that name.
  const here =
    provider === 'local' || provider === 'docker' || (provider === undefined && node['type'] === 'main');
  if (!here) return undefined;
  moves.move(at, path);
  return { host: 'localhost' };
}
