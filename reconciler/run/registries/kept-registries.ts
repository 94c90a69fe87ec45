import { asFields, asNumber, asString } from '../../base/values.ts';
import type { RegistrySetting } from '../../model/registry.ts';
import type { RegistryEntry, RegistryType } from '../../model/registry-entry.ts';
import { REGISTRY_TYPES } from '../../model/registry-entry.ts';
import type { Vault } from '../../ports/vault.ts';
import { vaultReference } from '../../model/secret-reference.ts';
import type { RegistryCredentialFields } from './credentials.ts';

/** Entry of the vault: the operator's yes to an address, with the credentials for it. */
export interface KeptRegistry {
  readonly type: RegistryType;
  /** Credentials are for this host alone, whatever the repository says. */
  readonly host: string;
  readonly url: string;
  readonly credentials: RegistryCredentialFields;
  /** Name and password that images are pulled with; left out: they could not be had yet. */
  readonly username?: string;
  readonly password?: string;
  /** Milliseconds since the epoch; left out: the password does not end by itself. */
  readonly expiresAt?: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** Registries whose credentials were given over the API. What uses it throws as the vault does, but for `settingOf`. */
export interface KeptRegistries {
  get(id: string): KeptRegistry | undefined;
  put(id: string, kept: KeptRegistry): void;
  delete(id: string): void;
  /**
   * Credentials for an entry of the repository, as references. One that the repository has put elsewhere since has none: they would be sent to
   * an address of the author's choice. Those of a vault that cannot be opened are told of where they are needed.
   */
  settingOf(entry: Pick<RegistryEntry, 'id' | 'host'>): RegistrySetting | undefined;
}

const PREFIX = 'registry/';

export function createKeptRegistries(vault: Vault): KeptRegistries {
  const known = new Map<string, KeptRegistry | undefined>();
  let version = -1;
  const get = (id: string): KeptRegistry | undefined => {
    if (version !== vault.version) known.clear();
    ({ version } = vault);
    if (!known.has(id)) known.set(id, readKept(vault.get(`${PREFIX}${id}`)?.reveal()));
    return known.get(id);
  };
  return {
    get,
    put: (id, kept) => vault.put(`${PREFIX}${id}`, JSON.stringify(kept)),
    delete: (id) => void vault.delete(`${PREFIX}${id}`),
    settingOf({ id, host }) {
      const password = vaultReference(`${PREFIX}${id}`, 'password');
      try {
        const kept = get(id);
        if (kept === undefined || kept.host !== host || kept.password === undefined) return undefined;
        return { host, username: kept.username ?? '', password };
      } catch {
        // The look-up of the password tells why.
        return { host, username: '', password };
      }
    },
  };
}

function readKept(text: string | undefined): KeptRegistry | undefined {
  if (text === undefined) return undefined;
  const value: unknown = JSON.parse(text);
  const fields = asFields(value) ?? {};
  const texts = Object.entries(asFields(fields['credentials']) ?? {}).filter(
    (pair): pair is [string, string] => typeof pair[1] === 'string',
  );
  const [username, password, expiresAt] = [
    asString(fields['username']),
    asString(fields['password']),
    asNumber(fields['expiresAt']),
  ];
  return {
    type: REGISTRY_TYPES.find((type) => type === fields['type']) ?? 'custom',
    host: asString(fields['host']) ?? '',
    url: asString(fields['url']) ?? '',
    credentials: Object.fromEntries(texts),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    createdAt: asNumber(fields['createdAt']) ?? 0,
    updatedAt: asNumber(fields['updatedAt']) ?? 0,
  };
}
