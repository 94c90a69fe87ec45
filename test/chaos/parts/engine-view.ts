import { engineJson } from '../../support/docker/docker-engine.ts';
import type { EngineSnapshot, SeenContainer } from '../world/snapshot.ts';
import { request } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** Time that an engine may take to answer, in milliseconds: one that hangs on purpose must not hang the run. */
const PATIENCE_MS = 15_000;
const OWN_NETWORKS = ['bridge', 'host', 'none'];

/** Looks at an engine, and changes it as a person would, behind the daemon's back. */
export interface EngineView {
  snapshot(): Promise<EngineSnapshot>;
  /** One request; throws when it is refused, or not answered within 15 s. */
  ask<T = unknown>(method: string, path: string, body?: unknown): Promise<T>;
  /** Removes every container, network and volume. */
  clear(): Promise<void>;
}

interface Inspected {
  readonly Id: string;
  readonly Name: string;
  readonly Config: {
    readonly Image: string;
    readonly Env: readonly string[] | null;
    readonly Labels: Labels | null;
  };
  readonly State: { readonly Status: string; readonly Health?: { readonly Status: string } };
  readonly Mounts: readonly { readonly Type: string; readonly Name?: string }[];
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, unknown>> };
}

type Labels = Readonly<Record<string, string>>;

export function createEngineView(socketPath: string): EngineView {
  const contents = new Map<string, string | null>();
  const ask = <T>(method: string, path: string, body?: unknown): Promise<T> =>
    withPatience(engineJson<T>(socketPath, method, path, body), `${method} ${path}`);
  const listNetworks = async () =>
    (await ask<{ Id: string; Name: string }[]>('GET', '/networks')).filter(
      ({ Name }) => !OWN_NETWORKS.includes(Name),
    );
  const listVolumes = async () =>
    ((await ask<{ Volumes: { Name: string }[] | null }>('GET', '/volumes')).Volumes ?? []).map(
      ({ Name }) => Name,
    );
  const readContent = async (id: string): Promise<string | null> => {
    const known = contents.get(id);
    if (known !== undefined) return known;
    const content = await withPatience(readFile(socketPath, id, '/etc/chaos.conf'), 'reading a file');
    contents.set(id, content);
    return content;
  };
  return {
    ask,
    async snapshot() {
      const ids = await ask<{ Id: string }[]>('GET', '/containers/json?all=1');
      const containers = await Promise.all(ids.map(({ Id }) => inspect(ask, Id, readContent)));
      return {
        containers: containers.filter((one) => one !== null),
        networks: (await listNetworks()).map(({ Name }) => Name).toSorted(),
        volumes: (await listVolumes()).toSorted(),
      };
    },
    async clear() {
      for (const { Id } of await ask<{ Id: string }[]>('GET', '/containers/json?all=1'))
        await ask('DELETE', `/containers/${Id}?force=1&v=1`);
      for (const { Id } of await listNetworks()) await ask('DELETE', `/networks/${Id}`);
      for (const name of await listVolumes()) await ask('DELETE', `/volumes/${name}?force=1`);
    },
  };
}

/** `null`: it went away while it was looked at. */
async function inspect(
  ask: EngineView['ask'],
  id: string,
  readContent: (id: string) => Promise<string | null>,
): Promise<SeenContainer | null> {
  try {
    const { Name, Config, State, Mounts, NetworkSettings } = await ask<Inspected>(
      'GET',
      `/containers/${id}/json`,
    );
    const revision = Config.Env?.find((entry) => entry.startsWith('REV='))?.slice('REV='.length) ?? null;
    return {
      id,
      name: Name.slice(1),
      stack: Config.Labels?.['io.kombinator.stack'] ?? null,
      image: Config.Image,
      status: State.Status,
      health: State.Health?.Status ?? null,
      revision,
      content: await readContent(id),
      volumes: Mounts.flatMap(({ Type, Name: volume }) =>
        Type === 'volume' && volume !== undefined ? [volume] : [],
      ),
      networks: Object.keys(NetworkSettings.Networks),
    };
  } catch (error) {
    if (String(error).includes('No such container')) return null;
    throw error;
  }
}

/** The first file of the archive that an engine makes of a path; `null`: there is none. */
async function readFile(socketPath: string, container: string, path: string): Promise<string | null> {
  const { promise, resolve, reject } = Promise.withResolvers<string | null>();
  const outgoing = request(
    { socketPath, path: `/v1.41/containers/${container}/archive?path=${encodeURIComponent(path)}` },
    (response) => {
      buffer(response).then((archive) => {
        if (response.statusCode !== 200) return resolve(null);
        // A tar header has the size as octal digits at byte 124; the content follows after 512 bytes.
        const size = Number.parseInt(archive.toString('latin1', 124, 135), 8);
        resolve(archive.toString('utf8', 512, 512 + size));
      }, reject);
    },
  );
  outgoing.once('error', reject).end();
  return promise;
}

async function withPatience<T>(answer: Promise<T>, what: string): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`the engine does not answer: ${what}`)), PATIENCE_MS);
  return Promise.race([answer, promise]).finally(() => clearTimeout(timer));
}
