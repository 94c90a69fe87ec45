import type { Random } from '../random.ts';
import type { Breakage, ServiceModel, StackModel, WorldModel } from './model.ts';

/* Changes that people push, one function for each kind. A change that does not apply to the model as it is answers `null`. */

export interface Mutated {
  readonly model: WorldModel;
  /** The change in words, for people. */
  readonly told: string;
}

type Mutation = (model: WorldModel, random: Random) => Mutated | null;

const MOST_STACKS = 5;
const FEWEST_STACKS = 3;
const MOST_SERVICES = 4;

export const MUTATIONS = {
  variable: (model, random) =>
    changeService(model, random, () => ({ revision: model.counter + 1 }), 'variable'),
  content: (model, random) => changeService(model, random, () => ({ content: model.counter + 1 }), 'content'),
  image: (model, random) =>
    changeService(
      model,
      random,
      ({ image }) => ({ image: image === 1 ? 2 : 1, revision: model.counter + 1 }),
      'image',
    ),
  volume: (model, random) =>
    changeService(
      model,
      random,
      ({ volume }) => ({ volume: volume === null ? random.pick(['data', 'more']) : null }),
      'volume',
    ),
  network: (model, random) =>
    changeService(model, random, ({ network }) => ({ network: network === null ? 'side' : null }), 'network'),
  'add-service': addService,
  'remove-service': removeService,
  'rename-service': renameService,
  swap: swapServices,
  'swap-names': swapNames,
  'add-stack': (model, random) =>
    Object.keys(model.stacks).length < MOST_STACKS ? addStack(model, random) : null,
  'remove-stack': (model, random) =>
    Object.keys(model.stacks).length > FEWEST_STACKS
      ? removeStack(model, random.pick(soundNames(model)))
      : null,
  rename: renameStack,
  move: moveStack,
  needs: changeNeeds,
  break: breakStack,
  repair: repairStack,
} as const satisfies Record<string, Mutation>;

export type MutationKind = keyof typeof MUTATIONS;

/** Everything, with what people do most more often. */
export const ANY_MUTATION: readonly MutationKind[] = [
  'variable',
  'variable',
  'content',
  ...(Object.keys(MUTATIONS) as MutationKind[]),
];

/** Changes that leave every stack able to run. */
export const SOUND_MUTATIONS = ANY_MUTATION.filter((kind) => kind !== 'break');

/** One change of one of the kinds; a variable where none of those drawn applies. */
export function mutate(
  model: WorldModel,
  random: Random,
  kinds: readonly MutationKind[] = ANY_MUTATION,
): Mutated {
  for (let attempt = 0; attempt < 30; attempt += 1) {
    const mutated = MUTATIONS[random.pick(kinds)](model, random);
    if (mutated !== null) return mutated;
  }
  const mutated = MUTATIONS.variable(model, random) ?? repairStack(model);
  if (mutated === null) throw new Error('internal: a world without any stack');
  return mutated;
}

export function addStack(model: WorldModel, random: Random): Mutated {
  const name = `s${model.names + 1}`;
  const others = Object.keys(model.stacks);
  const needs = others.length > 0 && random.chance(0.25) ? [random.pick(others)] : [];
  let grown: WorldModel = { ...model, names: model.names + 1 };
  let services: Record<string, ServiceModel> = {};
  for (let index = 0, count = 2 + random.integer(2); index < count; index += 1) {
    services = { ...services, [`v${index}`]: newService(grown, random, name, services) };
    grown = { ...grown, counter: grown.counter + 2 };
  }
  const stack = { directory: `kombinations/${name}`, services, needs, breakage: null };
  return { model: withStack(grown, name, stack), told: `add-stack ${name}` };
}

export function removeStack(model: WorldModel, name: string): Mutated {
  const { [name]: _removed, ...others } = model.stacks;
  const stacks = Object.fromEntries(
    Object.entries(others).map(([other, stack]) => [
      other,
      { ...stack, needs: stack.needs.filter((needed) => needed !== name) },
    ]),
  );
  return { model: { ...model, stacks }, told: `remove-stack ${name}` };
}

/** Breaks one service, or the whole description, of a stack that is sound. */
export function breakWith(model: WorldModel, name: string, breakage: Breakage): Mutated {
  const where = 'service' in breakage ? `${name}/${breakage.service}` : name;
  const counter = model.counter + 1;
  const stack = { ...model.stacks[name]!, breakage };
  return { model: withStack({ ...model, counter }, name, stack), told: `break ${where} ${breakage.kind}` };
}

export function withStack(model: WorldModel, name: string, stack: StackModel): WorldModel {
  return { ...model, stacks: { ...model.stacks, [name]: stack } };
}

function newService(
  model: WorldModel,
  random: Random,
  stack: string,
  others: Readonly<Record<string, ServiceModel>>,
): ServiceModel {
  const names = Object.keys(others);
  return {
    revision: model.counter + 1,
    content: model.counter + 2,
    image: 1,
    volume: random.chance(0.4) ? 'data' : null,
    network: random.chance(0.25) ? 'side' : null,
    dependsOn: names.length > 0 && random.chance(0.6) ? random.pick(names) : null,
    isProbed: names.length === 0 || random.chance(0.3),
    containerName: random.chance(0.3) ? `${stack}-n${model.counter + 1}` : null,
  };
}

function soundNames(model: WorldModel): string[] {
  return Object.keys(model.stacks).filter((name) => model.stacks[name]!.breakage === null);
}

/** A service of a sound stack. */
function pickService(model: WorldModel, random: Random): readonly [string, StackModel, string] | null {
  const names = soundNames(model);
  if (names.length === 0) return null;
  const name = random.pick(names);
  const stack = model.stacks[name]!;
  return [name, stack, random.pick(Object.keys(stack.services))];
}

function changeService(
  model: WorldModel,
  random: Random,
  change: (service: ServiceModel) => Partial<ServiceModel>,
  kind: string,
): Mutated | null {
  const place = pickService(model, random);
  if (place === null) return null;
  const [name, stack, service] = place;
  const changed = { ...stack.services[service]!, ...change(stack.services[service]!) };
  const services = { ...stack.services, [service]: changed };
  const grown = { ...model, counter: model.counter + 1 };
  return { model: withStack(grown, name, { ...stack, services }), told: `${kind} ${name}/${service}` };
}

function addService(model: WorldModel, random: Random): Mutated | null {
  const place = pickService(model, random);
  if (place === null || Object.keys(place[1].services).length >= MOST_SERVICES) return null;
  const [name, stack] = place;
  const service = nextName(stack);
  const services = { ...stack.services, [service]: newService(model, random, name, stack.services) };
  const grown = { ...model, counter: model.counter + 2 };
  return { model: withStack(grown, name, { ...stack, services }), told: `add-service ${name}/${service}` };
}

function removeService(model: WorldModel, random: Random): Mutated | null {
  const place = pickService(model, random);
  if (place === null || Object.keys(place[1].services).length < 2) return null;
  const [name, stack, service] = place;
  const { [service]: _removed, ...others } = stack.services;
  const services = Object.fromEntries(
    Object.entries(others).map(([other, value]) => [
      other,
      value.dependsOn === service ? { ...value, dependsOn: null } : value,
    ]),
  );
  return { model: withStack(model, name, { ...stack, services }), told: `remove-service ${name}/${service}` };
}

/** A service under a new name, whose container keeps its own. */
function renameService(model: WorldModel, random: Random): Mutated | null {
  const place = pickService(model, random);
  if (place === null || place[1].services[place[2]]!.containerName === null) return null;
  const [name, stack, old] = place;
  const renamed = nextName(stack);
  const services = Object.fromEntries(
    Object.entries(stack.services).map(([service, described]) => [
      service === old ? renamed : service,
      described.dependsOn === old ? { ...described, dependsOn: renamed } : described,
    ]),
  );
  return {
    model: withStack(model, name, { ...stack, services }),
    told: `rename-service ${name}/${old} to ${renamed}`,
  };
}

/** Two services of a stack exchange the names of their containers. */
function swapNames(model: WorldModel, random: Random): Mutated | null {
  const place = pickService(model, random);
  if (place === null) return null;
  const [name, stack] = place;
  const [one, other] = Object.keys(stack.services).filter(
    (service) => stack.services[service]!.containerName !== null,
  );
  if (one === undefined || other === undefined) return null;
  const named = (service: string, of: string) => ({
    ...stack.services[service]!,
    containerName: stack.services[of]!.containerName,
  });
  const services = { ...stack.services, [one]: named(one, other), [other]: named(other, one) };
  return {
    model: withStack(model, name, { ...stack, services }),
    told: `swap-names ${name}/${one} and ${other}`,
  };
}

function nextName({ services }: StackModel): string {
  return `v${Math.max(...Object.keys(services).map((key) => Number(key.slice(1)))) + 1}`;
}

/** Two services change places: each is described as the other one was. */
function swapServices(model: WorldModel, random: Random): Mutated | null {
  const place = pickService(model, random);
  if (place === null || Object.keys(place[1].services).length < 2) return null;
  const [name, stack, one] = place;
  const other = random.pick(Object.keys(stack.services).filter((service) => service !== one));
  const independent = (service: string) => ({ ...stack.services[service]!, dependsOn: null });
  const services = { ...stack.services, [one]: independent(other), [other]: independent(one) };
  return { model: withStack(model, name, { ...stack, services }), told: `swap ${name}/${one} and ${other}` };
}

/** The same description under a new name, in the same folder. */
function renameStack(model: WorldModel, random: Random): Mutated | null {
  const names = soundNames(model);
  if (names.length === 0) return null;
  const old = random.pick(names);
  const name = `s${model.names + 1}`;
  const stack = model.stacks[old]!;
  const without = removeStack(model, old).model;
  const renamed = withStack({ ...without, names: model.names + 1 }, name, stack);
  return { model: renamed, told: `rename ${old} to ${name}` };
}

function moveStack(model: WorldModel, random: Random): Mutated | null {
  const place = pickService(model, random);
  if (place === null) return null;
  const [name, stack] = place;
  const counter = model.counter + 1;
  const directory = `kombinations/d${counter}/${name}`;
  return { model: withStack({ ...model, counter }, name, { ...stack, directory }), told: `move ${name}` };
}

function changeNeeds(model: WorldModel, random: Random): Mutated | null {
  const place = pickService(model, random);
  if (place === null) return null;
  const [name, stack] = place;
  if (stack.needs.length > 0)
    return { model: withStack(model, name, { ...stack, needs: [] }), told: `needs ${name}: none` };
  const other = soundNames(model).find((one) => one !== name && !reach(model, one).includes(name));
  if (other === undefined) return null;
  return { model: withStack(model, name, { ...stack, needs: [other] }), told: `needs ${name}: ${other}` };
}

function reach(model: WorldModel, name: string): string[] {
  const needs = model.stacks[name]?.needs ?? [];
  return [...needs, ...needs.flatMap((needed) => reach(model, needed))];
}

/** Breaks one stack at a time: what waits for it is enough to look at. */
function breakStack(model: WorldModel, random: Random): Mutated | null {
  const place = pickService(model, random);
  if (place === null || soundNames(model).length < Object.keys(model.stacks).length) return null;
  const [name, , service] = place;
  const kind = random.pick(['yaml', 'schema', 'unhealthy', 'unhealthy', 'image'] as const);
  const breakage =
    kind === 'yaml' || kind === 'schema' ? { kind } : { kind, service, revision: model.counter + 1 };
  return breakWith(model, name, breakage);
}

function repairStack(model: WorldModel): Mutated | null {
  const name = Object.keys(model.stacks).find((one) => model.stacks[one]!.breakage !== null);
  if (name === undefined) return null;
  return {
    model: withStack(model, name, { ...model.stacks[name]!, breakage: null }),
    told: `repair ${name}`,
  };
}
