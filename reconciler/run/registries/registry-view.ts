import type { RegistryEntry } from '../../model/registry-entry.ts';
import type { ConnectionCheck } from '../../ports/connection-log.ts';
import type { RegistryView } from '../../public/registries.ts';
import type { KeptRegistry } from './kept-registries.ts';

export function toRegistryView(
  entry: RegistryEntry,
  kept: KeptRegistry | undefined,
  last: ConnectionCheck | undefined,
): RegistryView {
  const { id, name, type, url, host, isDefault, setting } = entry;
  const user = kept?.credentials['username'] ?? setting?.username;
  const isPersonal = (type === 'dockerhub' || type === 'ghcr') && user !== undefined;
  return {
    id,
    name,
    type,
    url,
    previewUrl: isPersonal ? `${host}/${user}` : host,
    status: last?.status ?? 'unknown',
    message: last?.message ?? null,
    isDefault,
    lastCheck: last === undefined ? null : iso(last.at),
    createdAt: kept === undefined ? null : iso(kept.createdAt),
    updatedAt: kept === undefined ? null : iso(kept.updatedAt),
  };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
