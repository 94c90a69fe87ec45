import { join } from 'node:path';
import type { Problem } from '../../base/problem.ts';
import { isProblem } from '../../base/problem.ts';
import { errorMessage } from '../../base/errors.ts';
import { createTextMask } from '../../model/secret.ts';
import type {
  ChartRequest,
  ManifestRenderer,
  ManifestRequest,
  ProgramFile,
} from '../../ports/manifest-renderer.ts';
import type { AllowedAddresses } from './allowed-addresses.ts';
import { createAllowedAddresses } from './allowed-addresses.ts';
import type { Archives } from './archives.ts';
import { createArchives } from './archives.ts';
import type { RegistryAccess } from './chart-credentials.ts';
import { createChartCredentials } from './chart-credentials.ts';
import { runProgram } from './run-program.ts';
import type { WorkDirectory } from './work-directory.ts';
import { openWorkDirectory } from './work-directory.ts';

export interface RendererOptions {
  /** Absolute path; left out: there are no charts. */
  readonly helm?: string;
  /** Left out: there are no overlays. */
  readonly kustomize?: {
    /** Absolute path. */
    readonly program: string;
    /** Words before the directory: `['build']`, or `['kustomize']` of kubectl. */
    readonly words: readonly string[];
  };
  /** Beginnings of addresses that charts are fetched from. */
  readonly registries: readonly string[];
  /** Credentials for some of them. Default: none. */
  readonly access?: readonly RegistryAccess[];
  /** Directory for archives and for what is being rendered; made when it is missing. */
  readonly directory: string;
  /** Time for a run of a program, and for a request, in milliseconds. */
  readonly timeoutMs: number;
  /** Limit of an archive, and of what a program prints. */
  readonly maxBytes: number;
  /** Limit of the memory of a program, in bytes. Default 1 GiB. */
  readonly maxMemoryBytes?: number;
  /** Default: that of the process. */
  readonly fetch?: typeof fetch;
}

interface Parts extends RendererOptions {
  readonly allowed: AllowedAddresses;
  readonly archives: Archives;
}

/**
 * Renders with helm and kustomize. They get a home with nothing in it, no plugins, nothing on their path, and a proxy that is not there: whatever
 * they want to fetch fails. Charts are fetched here, and checked, before.
 */
export function createManifestRenderer(options: RendererOptions): ManifestRenderer {
  const { directory, timeoutMs, maxBytes, access = [] } = options;
  const allowed = createAllowedAddresses(options.registries);
  const send = options.fetch === undefined ? {} : { fetch: options.fetch };
  const archives = createArchives({
    directory: join(directory, 'archives'),
    allowed,
    credentials: createChartCredentials(access),
    timeoutMs,
    maxBytes,
    ...send,
  });
  const parts: Parts = { ...options, allowed, archives };
  return {
    whyNot(need) {
      if (need.kind === 'overlay') return options.kustomize === undefined ? NO_KUSTOMIZE : null;
      if (options.helm === undefined) return NO_HELM;
      return need.address === null || allowed.has(need.address) ? null : allowed.refusal(need.address);
    },
    render: (request, hidden, signal) => render(parts, { request, hidden }, signal),
  };
}

const NO_HELM: Problem = {
  code: 'NOT_ALLOWED',
  problem: 'the operator has not set up helm',
  hint: "a line of the operator's configuration allows charts: charts: { helm: /usr/local/bin/helm }",
};
const NO_KUSTOMIZE: Problem = {
  code: 'NOT_ALLOWED',
  problem: 'the operator has not set up kustomize',
  hint: "a line of the operator's configuration allows overlays: charts: { kustomize: /usr/local/bin/kustomize }, or kubectl: with the path of kubectl",
};

interface Rendering {
  readonly request: ManifestRequest;
  readonly hidden: readonly string[];
}

async function render(
  parts: Parts,
  { request, hidden }: Rendering,
  signal: AbortSignal,
): Promise<string | Problem> {
  const archive =
    request.kind === 'chart' && 'archive' in request.chart
      ? await parts.archives.get(request.chart.archive, signal)
      : null;
  if (isProblem(archive)) return archive;
  await using work = await openWork(parts.directory, request.files);
  if (isProblem(work)) return work;
  const command =
    request.kind === 'chart'
      ? helmCommand(parts, request, work, archive)
      : kustomizeCommand(parts, request, work);
  if (isProblem(command)) return command;
  const mask = createTextMask(hidden);
  const run = async (): Promise<string | Problem> => {
    const { timeoutMs, maxBytes, maxMemoryBytes = DEFAULT_MEMORY_BYTES } = parts;
    const env = { ...environment(work.home), GOMEMLIMIT: `${Math.floor(maxMemoryBytes * SOFT_SHARE)}B` };
    const result = await runProgram(command.program, command.words, {
      cwd: work.home,
      env,
      ...(command.input === undefined ? {} : { input: command.input }),
      timeoutMs,
      maxBytes,
      maxMemoryBytes,
      signal,
    });
    if (isProblem(result)) return result;
    if (result.exitCode === 0) return result.output.toString('utf8');
    const said = mask(result.complaint.replaceAll(`${work.files}/`, ''));
    return { problem: `${command.title} cannot render it: ${tellingPart(said)}` };
  };
  const first = await run();
  if (isProblem(first)) return first;
  const second = await run();
  if (isProblem(second) || first === second) return second;
  return {
    problem: `it comes out otherwise each time, first ${firstDifference(first, second, command.title)}`,
    hint: 'give values for what it makes up by itself, such as passwords and certificates',
  };
}

const DEFAULT_MEMORY_BYTES = 1024 ** 3;
/** Part of the memory from which on programs of Go tidy up more often. */
const SOFT_SHARE = 0.8;

/** Repositories may hold names that no file can have here, and disks may be full: that concerns one chart alone. */
async function openWork(
  directory: string,
  files: readonly ProgramFile[],
): Promise<WorkDirectory | (Problem & AsyncDisposable)> {
  try {
    return await openWorkDirectory(directory, files);
  } catch (error) {
    const said = errorMessage(error).replaceAll(`${directory}/`, '');
    const problem = `its files cannot be put down for the program: ${said.slice(0, MAX_COMPLAINT)}`;
    return { problem, [Symbol.asyncDispose]: async () => undefined };
  }
}

interface Command {
  /** `helm` */
  readonly title: string;
  readonly program: string;
  readonly words: readonly string[];
  readonly input?: string;
}

function helmCommand(
  { helm }: Parts,
  request: ChartRequest,
  { files }: WorkDirectory,
  archive: string | null,
): Command | Problem {
  if (helm === undefined) return NO_HELM;
  const { chart, release, namespace, valuesFiles, values, crds, kubeVersion, apiVersions } = request;
  const place = 'directory' in chart ? join(files, chart.directory) : (archive ?? '');
  const words = [
    'template',
    release,
    place,
    `--namespace=${namespace}`,
    // Some are called otherwise each time.
    '--skip-tests',
    ...(crds ? ['--include-crds'] : []),
    ...valuesFiles.map((path) => `--values=${join(files, path)}`),
    // Values come by standard input: they may hold secrets, which reach no disk.
    '--values=-',
    ...(kubeVersion === undefined ? [] : [`--kube-version=${kubeVersion}`]),
    ...apiVersions.map((version) => `--api-versions=${version}`),
  ];
  return { title: 'helm', program: helm, words, input: values };
}

function kustomizeCommand(
  { kustomize }: Parts,
  request: Extract<ManifestRequest, { readonly kind: 'overlay' }>,
  { files }: WorkDirectory,
): Command | Problem {
  if (kustomize === undefined) return NO_KUSTOMIZE;
  const words = [
    ...kustomize.words,
    join(files, request.directory),
    '--load-restrictor=LoadRestrictionsRootOnly',
  ];
  return { title: 'kustomize', program: kustomize.program, words };
}

/** A proxy at a port that nobody listens on. */
const NO_NETWORK = 'http://127.0.0.1:1';

function environment(home: string): Readonly<Record<string, string>> {
  const place = (name: string) => join(home, name);
  return {
    HOME: home,
    PATH: place('bin'),
    TMPDIR: home,
    LC_ALL: 'C',
    TZ: 'UTC',
    XDG_CACHE_HOME: place('cache'),
    XDG_CONFIG_HOME: place('config'),
    XDG_DATA_HOME: place('data'),
    KUBECONFIG: place('kubeconfig'),
    HELM_CACHE_HOME: place('cache'),
    HELM_CONFIG_HOME: place('config'),
    HELM_DATA_HOME: place('data'),
    HELM_PLUGINS: place('plugins'),
    HELM_NO_PLUGINS: '1',
    HELM_REGISTRY_CONFIG: place('registry.json'),
    HELM_REPOSITORY_CONFIG: place('repositories.yaml'),
    HELM_REPOSITORY_CACHE: place('repositories'),
    KUSTOMIZE_PLUGIN_HOME: place('plugins'),
    HTTP_PROXY: NO_NETWORK,
    HTTPS_PROXY: NO_NETWORK,
    http_proxy: NO_NETWORK,
    https_proxy: NO_NETWORK,
    NO_PROXY: '',
    no_proxy: '',
  };
}

const MAX_COMPLAINT = 600;

/** Returns the end of what a program complained of, in one line: the last error is the one that it failed with. */
function tellingPart(complaint: string): string {
  const lines = complaint
    .split('\n')
    .map((line) => line.trim())
    .filter(
      (line) => line !== '' && !/^(?:WARNING|walk\.go|coalesce\.go|level=)|^Use --debug flag/.test(line),
    );
  const text = lines.join(' ').replace(/^Error: /, '');
  if (text === '') return 'it does not say why';
  return text.length > MAX_COMPLAINT ? `…${text.slice(-MAX_COMPLAINT)}` : text;
}

/** Says where two texts differ: in which file of the chart, where Helm tells, and at which key. */
function firstDifference(a: string, b: string, title: string): string {
  const [left, right] = [a.split('\n'), b.split('\n')];
  const found = left.findIndex((line, index) => line !== right[index]);
  const index = found < 0 ? left.length : found;
  const file = left
    .slice(0, index + 1)
    .findLast((line) => line.startsWith(SOURCE))
    ?.slice(SOURCE.length);
  const key = /^\s*(?:- )?([\w./-]+):/.exec(left[index] ?? '')?.[1];
  const at = key === undefined ? '' : `at ${key} `;
  return `${at}in ${file === undefined ? '' : `${file}, `}line ${index + 1} of what ${title} prints`;
}

/** Comment of Helm before each object. */
const SOURCE = '# Source: ';
