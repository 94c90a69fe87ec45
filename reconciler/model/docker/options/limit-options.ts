import type { DiagnosticCollector } from '../../../base/document-diagnostic.ts';
import { accept } from '../../../base/document-diagnostic.ts';
import type { DocumentPath } from '../../../base/document-path.ts';
import type { Problem } from '../../../base/problem.ts';
import { isProblem } from '../../../base/problem.ts';
import { parseBytes, parseCores } from '../../../base/units.ts';
import { asString } from '../../../base/values.ts';
import type { ClusterSupport, TofuField } from './option.ts';
import { attribute, honoured, ignored, TOFU_UNSUPPORTED } from './option.ts';
import { optionalNumber } from './option-values.ts';

/*
 * The limits of a container: options that an engine can change in place, so what a running container has is read back. The
 * engine cannot take every limit away again; then a value that limits nothing stands for none.
 */

/** A value that may be written in several places, with where it stands. */
export interface WrittenLimit {
  readonly value: string | number;
  readonly path: DocumentPath;
}

export interface LimitRow<V> {
  /** Key in `kombination.yaml`, which is that of Compose. */
  readonly key: string;
  /** Other ways to write it, stronger than the key, the strongest first. All of them must say the same. */
  readonly places: readonly string[];
  /** `undefined`: without limit. */
  read(written: WrittenLimit, diagnostics: DiagnosticCollector): V | undefined;
  /** Name in the `HostConfig` of "create container", of "update container" and of what is read back. */
  readonly docker: string;
  /** Tells whether the value limits anything on a machine with so many CPUs. */
  limits(value: NoInfer<V>, cpus: number): boolean;
  /** Returns what the engine is told in place of no limit. */
  unlimited(cpus: number, cgroupVersion: number): NoInfer<V>;
  readonly cluster: ClusterSupport<NoInfer<V>>;
  /** The value in the words of Compose. Left out: as it is in the spec. */
  toCompose?(value: NoInfer<V>): string | number;
  readonly tofu: TofuField<NoInfer<V>>;
}

/** A petabyte: more than any machine has. */
export const UNLIMITED_MEMORY_BYTES = 2 ** 50;
/** The engine refuses less than this. */
const MIN_MEMORY_BYTES = 6 * 1024 ** 2;
const DEFAULT_SHARES = 1_024;
const MEBIBYTE = 1024 ** 2;

const AS_LIMITS = honoured('limits and requests');
const CANNOT_ASK = ignored('a pod cannot ask for it');

/** The limits by their names in the `resources` of a spec. */
export const CONTAINER_LIMITS = {
  memoryBytes: limit({
    key: 'mem_limit',
    places: ['resources.memory', 'deploy.resources.limits.memory'],
    read: readMemory,
    docker: 'Memory',
    limits: (bytes) => bytes > 0 && bytes < UNLIMITED_MEMORY_BYTES,
    unlimited: () => UNLIMITED_MEMORY_BYTES,
    cluster: AS_LIMITS,
    tofu: { kind: 'attributes', write: (bytes) => ({ memory: inMebibytes(bytes) }) },
  }),
  memoryReservationBytes: limit({
    key: 'mem_reservation',
    places: ['resources.memory_reservation', 'deploy.resources.reservations.memory'],
    read: readMemory,
    docker: 'MemoryReservation',
    limits: (bytes) => bytes > MIN_MEMORY_BYTES,
    // A reservation protects on cgroup v2, and "unlimited" would protect everything.
    unlimited: (_, cgroupVersion) => (cgroupVersion === 2 ? MIN_MEMORY_BYTES : -1),
    cluster: AS_LIMITS,
    tofu: { kind: 'attributes', write: (bytes) => ({ memory_reservation: inMebibytes(bytes) }) },
  }),
  /** Memory and swap together; -1: without limit. Left out: twice the memory. The engine takes it with the memory only. */
  memorySwapBytes: limit({
    key: 'memswap_limit',
    places: [],
    read: readSwap,
    docker: 'MemorySwap',
    limits: (bytes) => bytes !== 0,
    unlimited: () => UNLIMITED_MEMORY_BYTES,
    cluster: CANNOT_ASK,
    tofu: { kind: 'attributes', write: (bytes) => ({ memory_swap: inMebibytes(bytes) }) },
  }),
  /** 1e9 is one core. */
  nanoCpus: limit({
    key: 'cpus',
    places: ['resources.cpus', 'resources.cpu', 'deploy.resources.limits.cpus'],
    read: (written, diagnostics) =>
      Number(written.value) === 0 ? undefined : quantity(written, parseCores, diagnostics),
    docker: 'NanoCpus',
    limits: (nanoCpus, cpus) => nanoCpus > 0 && nanoCpus < cpus * 1e9,
    unlimited: (cpus) => cpus * 1e9,
    cluster: AS_LIMITS,
    toCompose: (nanoCpus) => nanoCpus / 1e9,
    tofu: { kind: 'attributes', write: (nanoCpus) => ({ cpus: String(nanoCpus / 1e9) }) },
  }),
  pidsLimit: limit({
    key: 'pids_limit',
    places: ['resources.pids', 'deploy.resources.limits.pids'],
    read: ({ value }) => {
      const pids = optionalNumber(value);
      return pids !== undefined && pids > 0 ? pids : undefined;
    },
    docker: 'PidsLimit',
    limits: (pids) => pids > 0,
    unlimited: () => 0,
    cluster: CANNOT_ASK,
    tofu: TOFU_UNSUPPORTED,
  }),
  cpuShares: limit({
    key: 'cpu_shares',
    places: [],
    read: ({ value }) => optionalNumber(value) || undefined,
    docker: 'CpuShares',
    limits: (shares) => shares > 0 && shares !== DEFAULT_SHARES,
    unlimited: () => DEFAULT_SHARES,
    cluster: CANNOT_ASK,
    tofu: attribute('cpu_shares'),
  }),
  /** `0-2,7` */
  cpuset: limit({
    key: 'cpuset',
    places: [],
    read: ({ value }) => asString(value) || undefined,
    docker: 'CpusetCpus',
    limits: (cpuset, cpus) => cpuset !== '' && cpuset !== allCpus(cpus),
    unlimited: allCpus,
    cluster: CANNOT_ASK,
    tofu: attribute('cpu_set'),
  }),
} as const;

function limit<V>(row: LimitRow<V>): LimitRow<V> {
  return row;
}

export type LimitName = keyof typeof CONTAINER_LIMITS;

type ValueOf<Row> = Row extends LimitRow<infer V> ? V : never;

export type ResourceLimits = {
  readonly [Name in LimitName]?: ValueOf<(typeof CONTAINER_LIMITS)[Name]>;
};

type LimitValue = string | number;

/** The rows by their names, in the order of the table. */
export const LIMIT_ROWS = Object.entries(CONTAINER_LIMITS) as unknown as readonly (readonly [
  LimitName,
  LimitRow<LimitValue>,
])[];

export interface GivenLimit {
  readonly name: LimitName;
  readonly row: LimitRow<LimitValue>;
  readonly value: LimitValue;
}

/** The limits that are said, in the order of the table. */
export function givenLimits(limits: ResourceLimits): readonly GivenLimit[] {
  return LIMIT_ROWS.flatMap(([name, row]): GivenLimit[] => {
    const value = limits[name];
    return value === undefined ? [] : [{ name, row, value }];
  });
}

function allCpus(cpus: number): string {
  return cpus > 1 ? `0-${cpus - 1}` : '0';
}

function inMebibytes(bytes: number): number {
  return bytes < 0 ? bytes : Math.ceil(bytes / MEBIBYTE);
}

function quantity(
  { value, path }: WrittenLimit,
  parse: (value: string | number) => number | Problem,
  diagnostics: DiagnosticCollector,
): number | undefined {
  const result = parse(value);
  // Texts of a wrong form are the schema's to report.
  return isProblem(result) && result.code === undefined ? undefined : accept(result, path, diagnostics);
}

function readMemory(written: WrittenLimit, diagnostics: DiagnosticCollector): number | undefined {
  const bytes = quantity(written, parseBytes, diagnostics);
  if (bytes === undefined || bytes >= MIN_MEMORY_BYTES) return bytes;
  // Compose writes "no limit" as 0.
  if (bytes === 0 && !written.path.includes('resources')) return undefined;
  diagnostics.error('OUT_OF_RANGE', written.path, `${written.value} is less than an engine accepts`, {
    hint: 'at least 6m',
  });
  return undefined;
}

function readSwap(written: WrittenLimit, diagnostics: DiagnosticCollector): number | undefined {
  const number = Number(written.value);
  if (number === 0) return undefined;
  return number === -1 ? -1 : quantity(written, parseBytes, diagnostics);
}
