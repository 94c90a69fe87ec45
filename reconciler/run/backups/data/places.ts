import { databaseOf } from '../../../database/settings.ts';
import type { BackupPolicy } from '../../../database/backup.ts';
import type { DataName } from '../../../database/data-name.ts';
import { formatDataName, parseDataName } from '../../../database/data-name.ts';
import { ReconcilerError } from '../../../base/errors.ts';
import { asString, compareText } from '../../../base/values.ts';
import type { DesiredResource, ResourceId } from '../../../model/resource.ts';
import type { DesiredStack } from '../../../model/stack.ts';
import type { TargetReference } from '../../../model/target.ts';
import type { DataMount, DataPlace, DataUser } from '../../../ports/backups/moves-data.ts';
import { hasCapability, requireCapability } from '../../../ports/target-capabilities.ts';
import type { RunContext } from '../../context.ts';

/** Data of a stack, found. */
export interface FoundPlace {
  readonly name: string;
  readonly place: DataPlace;
  readonly reference: TargetReference;
  readonly users: readonly DataUser[];
}

/** Directories of a machine that belong to its system: nobody means those by all. They can be named. */
const OF_THE_SYSTEM = [
  /^\/$/,
  /^\/(proc|sys|run|boot)(\/|$)/,
  /^\/dev(\/(?!shm\/.)|$)/,
  /^\/var\/(run|lib\/docker)(\/|$)/,
  /^\/(bin|sbin|lib|lib64|usr|etc|tmp|var|home|root|opt)$/,
];

/** Finds the data of one name. Throws BAD_OPTIONS where the stack has none of that name, TARGET_ERROR where no container has it now. */
export async function findPlace(
  context: RunContext,
  description: DesiredStack,
  { name, signal }: { readonly name: string; readonly signal: AbortSignal },
): Promise<FoundPlace> {
  const wanted = requireDataName(description, name);
  const looks = new TargetLooks(context, description, signal);
  if (wanted.kind === 'volume') return await volumePlace(looks, volumeOf(description, wanted.volume));
  const found = await mountsOf(looks, wanted.service);
  const one = found.find(({ mount }) => mount.target === wanted.target);
  if (one !== undefined) return await placeOf(looks, one);
  const known = [...new Set(found.map(({ mount }) => `${wanted.service}:${mount.target}`))].join(', ');
  throw new ReconcilerError(
    'TARGET_ERROR',
    `no container of ${description.name}/${wanted.service} has anything mounted at ${wanted.target}; what it has: ${known || 'none'}`,
  );
}

/** Throws BAD_OPTIONS where a description has nothing of this name. */
export function requireDataName(description: DesiredStack, text: string): DataName {
  const name = parseDataName(text);
  if (name === null)
    throw new ReconcilerError('BAD_OPTIONS', `${text} is neither volume:NAME nor SERVICE:/PATH`);
  if (name.kind === 'volume') volumeOf(description, name.volume);
  else if (!description.services.some((one) => one.name === name.service))
    throw new ReconcilerError('BAD_OPTIONS', `${description.name} has no service ${name.service}`);
  return name;
}

function volumeOf({ name: stack, resources }: DesiredStack, volume: string): DesiredResource {
  const volumes = resources.filter(({ kind }) => kind === 'volume');
  const found = volumes.find(({ name }) => name === volume);
  if (found !== undefined) return found;
  const known = [...new Set(volumes.map(({ name }) => `volume:${name}`))].sort(compareText).join(', ');
  throw new ReconcilerError('BAD_OPTIONS', `${stack} has no volume ${volume}; it has: ${known || 'none'}`);
}

/** Names of all data that a policy names or means, in an order that stays. */
export async function expandPolicy(
  context: RunContext,
  description: DesiredStack,
  {
    policy,
    dumped,
    signal,
  }: {
    readonly policy: Pick<BackupPolicy, 'volumes' | 'directories'>;
    /** Services whose databases are dumped. */
    readonly dumped: readonly string[];
    readonly signal: AbortSignal;
  },
): Promise<readonly string[]> {
  const { volumes = [], directories = [] } = policy;
  const named = [
    ...(volumes === true ? [] : volumes.map((volume) => formatDataName({ kind: 'volume', volume }))),
    ...(directories === true ? [] : directories),
  ];
  if (volumes !== true && directories !== true) return [...new Set(named)].sort(compareText);
  const looks = new TargetLooks(context, description, signal);
  const found = new Map<string, string>();
  for (const { name: service, image, database } of description.services) {
    // The dump of a database holds what is in its directory, and that cannot be copied while it runs.
    const isDatabase =
      dumped.includes(service) || databaseOf({ image, ...(database ? { database } : {}) }) !== null;
    if (isDatabase) continue;
    for (const one of looks.canMove(service) ? await mountsOf(looks, service) : []) {
      const { mount } = one;
      const isWanted = mount.kind === 'volume' ? volumes === true : directories === true;
      if (mount.readOnly || !isWanted) continue;
      if (mount.kind === 'directory' && OF_THE_SYSTEM.some((system) => system.test(mount.source))) continue;
      const name = nameOf(description, one);
      const key = `${mount.kind}\0${mount.source}`;
      if (name !== null && !found.has(key)) found.set(key, name);
    }
  }
  return [...new Set([...named, ...withoutNested(found)])].sort(compareText);
}

/** A directory inside of another one that is backed up comes along with that. */
function withoutNested(found: ReadonlyMap<string, string>): readonly string[] {
  const keys = [...found.keys()].filter((key) => key.startsWith('directory\0'));
  return [...found].flatMap(([key, name]) =>
    keys.some((other) => key.startsWith(`${other}/`)) ? [] : [name],
  );
}

interface ServiceMount {
  readonly service: string;
  readonly reference: TargetReference;
  readonly mount: DataMount;
}

/** `null`: a volume that is somebody else's, which the description does not have to itself. */
function nameOf({ resources }: DesiredStack, { service, mount }: ServiceMount): string | null {
  if (mount.kind === 'directory') return formatDataName({ kind: 'directory', service, target: mount.target });
  const volume = resources.find((one) => one.kind === 'volume' && one.spec['name'] === mount.source);
  return volume === undefined || volume.spec['external'] === true
    ? null
    : formatDataName({ kind: 'volume', volume: volume.name });
}

async function mountsOf(looks: TargetLooks, service: string): Promise<readonly ServiceMount[]> {
  const { services, targets, name: stack } = looks.description;
  const view = services.find((one) => one.name === service);
  const reference = targets.find(({ name }) => name === view?.node);
  if (view === undefined || reference === undefined) return [];
  const users = await looks.usersOn(reference);
  return users
    .filter(({ owner }) => owner?.stack === stack && isOf(owner.id, view.resource))
    .flatMap(({ mounts }) => mounts.map((mount) => ({ service, reference, mount })));
}

/** Tells whether a container is the first of a service, or one of the others. The node may have been renamed since it was made. */
function isOf(id: ResourceId, resource: string): boolean {
  const [own, wanted] = [id, resource].map((one) => one.split('/').slice(1).join('/'));
  return own === wanted || own?.replace(/#\d+$/, '') === wanted;
}

async function volumePlace(looks: TargetLooks, resource: DesiredResource): Promise<FoundPlace> {
  const { name: stack, targets } = looks.description;
  const reference = targets.find(({ name }) => name === resource.target);
  if (reference === undefined)
    throw new ReconcilerError('BAD_OPTIONS', `${stack} has no node ${resource.target}`);
  const name = formatDataName({ kind: 'volume', volume: resource.name });
  const source = asString(resource.spec['name']) ?? resource.name;
  return withUsers(looks, { name, reference, kind: 'volume', source });
}

function placeOf(looks: TargetLooks, one: ServiceMount): Promise<FoundPlace> {
  const { service, reference, mount } = one;
  const own = nameOf(looks.description, one);
  const name = own ?? formatDataName({ kind: 'directory', service, target: mount.target });
  return withUsers(looks, { name, reference, kind: mount.kind, source: mount.source });
}

async function withUsers(
  looks: TargetLooks,
  {
    name,
    reference,
    kind,
    source,
  }: Pick<FoundPlace, 'name' | 'reference'> & Pick<DataPlace, 'kind' | 'source'>,
): Promise<FoundPlace> {
  const has = (mount: DataMount) =>
    mount.kind === kind &&
    (mount.source === source || (kind === 'directory' && mount.source.startsWith(`${source}/`)));
  const users = (await looks.usersOn(reference)).filter(({ mounts }) => mounts.some(has));
  const { name: stack } = looks.description;
  // Images of the stack help where no container has the data at the moment.
  const own = (await looks.usersOn(reference)).filter((user) => user.owner?.stack === stack);
  const names = [...new Set([...users, ...own].map((user) => user.name))];
  return { name, reference, users, place: { stack, kind, source, users: names } };
}

/** Containers of targets, asked for once. */
class TargetLooks {
  readonly description: DesiredStack;
  readonly #context: RunContext;
  readonly #signal: AbortSignal;
  readonly #users = new Map<TargetReference, readonly DataUser[]>();

  constructor(context: RunContext, description: DesiredStack, signal: AbortSignal) {
    this.#context = context;
    this.description = description;
    this.#signal = signal;
  }

  /** Some targets give no data out. */
  canMove(service: string): boolean {
    const { services, targets } = this.description;
    const node = services.find(({ name }) => name === service)?.node;
    const reference = targets.find(({ name }) => name === node);
    return reference !== undefined && hasCapability(this.#context.pool.get(reference), 'movesData');
  }

  async usersOn(reference: TargetReference): Promise<readonly DataUser[]> {
    const known = this.#users.get(reference);
    if (known !== undefined) return known;
    const users = await this.#context.pool.ask(reference, (target) =>
      requireCapability(target, 'movesData').dataUsers(this.#signal),
    );
    this.#users.set(reference, users);
    return users;
  }
}
