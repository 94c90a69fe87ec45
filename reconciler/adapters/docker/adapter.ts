import { LRUCache } from 'lru-cache';
import type { AwaitedNames } from '../../model/awaited-names.ts';
import { createAwaitedNames } from '../../model/awaited-names.ts';
import { createKeyedMutex } from '../../base/mutex.ts';
import type { RegistryCredentials } from '../../model/registry.ts';
import type { ResourceId } from '../../model/resource.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { EngineTraits } from './engine/traits.ts';
import type { Engine } from './engine/engine.ts';
import { createAdoptingEngine } from './adopted/adopting-engine.ts';
import type { Adoptions } from './adopted/adoptions.ts';
import { createAdoptions } from './adopted/adoptions.ts';
import type { TakenDown } from './networks-and-volumes/taken-down.ts';
import { spokenApi } from './engine/transport.ts';

/** Key of stacks that need a port of the machine which somebody has, whoever that is. */
export const AWAITED_PORT = 'port';

/** Endings that are remembered; one that is forgotten is asked for again. */
const MAX_ENDINGS = 10_000;
/** Names of networks and volumes whose stack is remembered. */
const MAX_NAMES = 50_000;
/** Containers whose secret files are remembered; those of others are read again. */
const MAX_GIVEN = 500;
/** Images whose digest at the registry is remembered; one that is forgotten is asked for again. */
const MAX_DIGESTS = 1_000;

export interface AdapterOptions {
  readonly name: string;
  /** Asked before every pull, so that changed credentials count at once. Default: none. */
  readonly registries?: () => readonly RegistryCredentials[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** Time that a stop waits before SIGKILL; `stopGracePeriodMs` of the container wins. Default 10. */
  readonly stopTimeoutSeconds?: number;
  /** Time for which the digest that a registry reported is believed. Default 30,000. */
  readonly registryCacheMs?: number;
  /** Time that a start waits for a host port that another stack has and may be about to give up. In milliseconds. Default 4,000. */
  readonly portWaitMs?: number;
}

export interface Traits extends EngineTraits {
  /** Difference that, added to our clock, gives the engine's. */
  readonly skewMs: number;
  /** API version that is spoken with it. */
  readonly api: string;
  /** The same for every way to the engine; empty when it gives no id. Machines set up from one image share the id itself. */
  readonly engineId: string;
}

/** One run of a container as we have seen it. */
export interface SeenRunning {
  /** The engine's word for when the run began. */
  readonly startedAt: string;
  /** Moment when it was seen, by `Clock.elapsed`. */
  readonly at: number;
}

/** Texts that hide what was given. Never printed. */
export interface SecretTexts {
  /** Values, their lines, and what they were put together from. */
  readonly values: readonly string[];
  /** Words of secret files: they are taken out of messages, which may quote a part of a file. A log would be hard to read without them. */
  readonly words: readonly string[];
}

/** The things that every part of the Docker target works with. */
export interface Adapter extends Required<AdapterOptions> {
  readonly engine: Engine;
  traits(signal: AbortSignal): Promise<Traits>;
  /** Id of the container that the last `apply` of a resource made or changed: saves looking for it. */
  readonly applied: Map<string, string>;
  /** Networks that are gone and whose changes have not come yet, by their ids. */
  readonly takenDown: Map<string, TakenDown>;
  /** When containers were first seen running, see running-time.ts. */
  readonly seenRunning: Map<string, SeenRunning>;
  /** Containers that ended with 0, by id and time, and whether they were told to; see read-container-health.ts. */
  readonly endings: LRUCache<string, boolean>;
  /** Texts of the secret files that containers were given, by container, see secret-texts.ts. Never printed. */
  readonly givenTexts: LRUCache<string, SecretTexts>;
  /** Secret values that are and were described, by resource, see secret-texts.ts. Never printed. */
  readonly secretTexts: Map<string, SecretTexts>;
  /** Hidden files that are not the described ones, by container and described hash; see secrets/differing.ts. */
  readonly differing: LRUCache<string, readonly string[]>;
  /** Compose projects that stacks have adopted; `engine` shows what is in them as theirs. */
  readonly adoptions: Adoptions;
  /** Stacks by the engine names of their networks and volumes, for events that carry no labels. */
  readonly stacksByName: LRUCache<string, string>;
  /** Names that stacks wait for, as `kind/name`, or `AWAITED_PORT`. Events of what bears them carry no label of those stacks. */
  readonly awaited: AwaitedNames;
  /** Names of the containers that this process reaches data through now. */
  readonly carriers: Set<string>;
  /** Runs work that makes something of a name after whatever else is making that. */
  oneAtATime<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Answers of registries by reference. */
  readonly digests: LRUCache<string, { readonly digest: string; readonly at: number }>;
}

export function createAdapter(engine: Engine, options: AdapterOptions): Adapter {
  const adoptions = adoptionsOn(engine.address);
  let traits: Promise<Traits> | undefined;
  return {
    registries: () => [],
    stopTimeoutSeconds: 10,
    registryCacheMs: 30_000,
    portWaitMs: 4_000,
    ...options,
    engine: createAdoptingEngine(engine, adoptions),
    adoptions,
    traits(signal) {
      const pending = (traits ??= readTraits(engine, options.clock, signal));
      pending.catch(() => (traits = undefined));
      return pending;
    },
    applied: new Map(),
    takenDown: new Map(),
    seenRunning: new Map(),
    endings: new LRUCache({ max: MAX_ENDINGS }),
    givenTexts: new LRUCache({ max: MAX_GIVEN }),
    secretTexts: new Map(),
    differing: new LRUCache({ max: MAX_ENDINGS }),
    stacksByName: new LRUCache({ max: MAX_NAMES }),
    digests: new LRUCache({ max: MAX_DIGESTS }),
    awaited: createAwaitedNames(),
    carriers: new Set(),
    oneAtATime: createKeyedMutex(),
  };
}

/** Adoptions by the address of their engine: a connection that was idle is opened anew, and knows them again. */
const known = new LRUCache<string, Adoptions>({ max: 1_000 });

function adoptionsOn(address: string): Adoptions {
  const adoptions = known.get(address) ?? createAdoptions();
  known.set(address, adoptions);
  return adoptions;
}

export function appliedKey(stack: string, id: ResourceId): string {
  return `${stack}\0${id}`;
}

async function readTraits(engine: Engine, clock: Clock, signal: AbortSignal): Promise<Traits> {
  const before = clock.now();
  const info = await engine.info(signal);
  const now = (before + clock.now()) / 2;
  const { ApiVersion } = await engine.version(signal);
  return {
    api: spokenApi(ApiVersion),
    unlimited: [
      ...(info.SwapLimit === false ? (['memorySwapBytes'] as const) : []),
      ...(info.CPUShares === false ? (['cpuShares'] as const) : []),
      ...(info.CPUSet === false ? (['cpuset'] as const) : []),
    ],
    engineId: info.ID ? [info.ID, info.Name, info.DockerRootDir].join(' ') : '',
    cpus: info.NCPU,
    cgroupVersion: Number(info.CgroupVersion ?? 1),
    skewMs: engine.local ? 0 : Date.parse(info.SystemTime) - now,
  };
}
