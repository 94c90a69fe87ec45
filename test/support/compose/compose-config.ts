import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from '../../../deploy/demo/processes.ts';
import type { Analysis } from '../../../reconciler/config/kombination/analyze.ts';
import { analyze } from '../../../reconciler/config/kombination/analyze.ts';
import { parseEnvValue } from '../../../reconciler/config/kombination/service/env-value.ts';
import type { Imported } from '../../../reconciler/config/compose/import/import-compose.ts';
import { importCompose } from '../../../reconciler/config/compose/import/import-compose.ts';
import type { ImportOptions } from '../../../reconciler/config/compose/import/import.ts';
import type { TreeDirectory } from '../../../reconciler/config/file-tree.ts';
import { updateTree } from '../../../reconciler/config/file-tree.ts';
import { readDocument } from '../../../reconciler/config/kombination/read-document.ts';
import { isProblem } from '../../../reconciler/base/problem.ts';
import type { DependencyEntry, ServiceModel } from '../../../reconciler/config/kombination/kombination.ts';
import type { ComposeCommand } from './compose.ts';
import { checkSchema } from '../desired-fixtures.ts';

/*
 * The description that `docker-compose config` makes of a project and the one that a kombination makes that adopts it, in one form, so that
 * the two can be compared.
 */

export type ProjectFiles = Readonly<Record<string, string>>;

export interface ComparableService {
  readonly image: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly command: readonly string[] | undefined;
  readonly entrypoint: readonly string[] | undefined;
  readonly ports: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly dependsOn: readonly string[];
  readonly networks: readonly string[];
  readonly mounts: readonly string[];
  readonly capAdd: readonly string[];
  readonly dns: readonly string[];
  readonly extraHosts: readonly string[];
  readonly privileged: boolean;
  readonly hostname: string | undefined;
  readonly retries: number | undefined;
  readonly healthTest: readonly string[] | undefined;
}

export type ComparableProject = Readonly<Record<string, ComparableService>>;

/** @returns its services, or the first line of what Compose has against it */
export async function readWithCompose(
  { program, args }: ComposeCommand,
  files: ProjectFiles,
  options: readonly string[] = ['-f', 'compose.yaml'],
): Promise<ComparableProject | string> {
  const root = await mkdtemp(join(tmpdir(), 'kombinator-compose-config-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
    const words = [...args, '--project-name', 's', ...options, 'config', '--format', 'json'];
    const { services } = JSON.parse(await run(program, words, { cwd: root }));
    return Object.fromEntries(
      Object.entries(services).map(([name, service]) => [name, fromCompose(service as ComposeService)]),
    );
  } catch (error) {
    return String(error);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

export function treeOf(files: ProjectFiles): TreeDirectory {
  return updateTree(
    new Map(),
    Object.entries(files).map(([path, text]) => {
      // The ignore files of a build context are read along with the tree.
      const content = path.endsWith('.dockerignore') ? { text } : {};
      return { path, file: { type: 'file', blob: path, ...content } };
    }),
  );
}

/** Everything there is to know of a kombination in a repository with these files. */
export function analyzeFiles(files: ProjectFiles, file: string): Analysis {
  const tree = treeOf(files);
  const texts = new Map<string, string>();
  const options = { file, text: files[file] ?? '', tree, texts };
  for (let missing = readDocument(options).composed?.missing ?? []; missing.length > 0;) {
    for (const path of missing) texts.set(path, files[path] ?? '');
    missing = readDocument(options).composed?.missing ?? [];
  }
  return analyze({ ...options, nodes: new Map(), checkSchema });
}

/** A kombination of the name `s` that adopts the files. */
export function analyzeProject(files: ProjectFiles, kombination = 'compose: compose.yaml\n'): Analysis {
  const text = `version: "1.0"\nmeta: { name: s }\n${kombination}`;
  return analyzeFiles({ ...files, 'kombination.yaml': text }, 'kombination.yaml');
}

export function readWithKombinator(files: ProjectFiles, kombination?: string): ComparableProject | string {
  return readAnalysis(analyzeProject(files, kombination));
}

function readAnalysis({ kombination: model, diagnostics }: Analysis): ComparableProject | string {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) return errors.map(({ code, message }) => `${code} ${message}`).join('\n');
  return Object.fromEntries(model.services.map((service) => [service.name, fromModel(service)]));
}

/** The project as a kombination that it is imported into. */
export function readWithImport(files: ProjectFiles, names: readonly string[]): ComparableProject | string {
  const { text, copies, diagnostics } = importFiles(files, { files: names, fallbackName: 's' });
  if (diagnostics.length > 0) return diagnostics.map(({ code, message }) => `${code} ${message}`).join('\n');
  const beside = [...copies].map(([path, { blob }]) => [path, files[blob] ?? ''] as const);
  const analysis = analyzeFiles(
    { ...Object.fromEntries(beside), 'kombination.yaml': text },
    'kombination.yaml',
  );
  return readAnalysis(analysis);
}

/** A project without variables that nobody sets, or that are called like a secret: an import leaves them to the daemon. */
export function asImported(project: ComparableProject, imported: ComparableProject): ComparableProject {
  const services = Object.entries(project).map(([name, service]) => {
    const known = imported[name]?.environment ?? {};
    const environment = Object.entries(service.environment).filter(
      ([key, value]) => key in known || !(value === '' || /^V[378]$|PASS/.test(key)),
    );
    return [name, { ...service, environment: Object.fromEntries(environment) }];
  });
  return Object.fromEntries(services);
}

/** An import from files that are their own blob ids. */
export function importFiles(
  files: ProjectFiles,
  options: Omit<ImportOptions, 'tree' | 'texts' | 'checkSchema'>,
): Imported {
  return importCompose({
    ...options,
    tree: treeOf(files),
    texts: new Map(Object.entries(files)),
    checkSchema,
  });
}

type Texts = Readonly<Record<string, string>>;

/** Output of `config --format json`, as far as it is looked at. */
interface ComposeService {
  readonly image?: string;
  readonly environment?: Readonly<Record<string, string | null>>;
  readonly command?: readonly string[] | null;
  readonly entrypoint?: readonly string[] | null;
  readonly ports?: readonly {
    readonly host_ip?: string;
    readonly published?: string;
    readonly target: number;
    readonly protocol: string;
  }[];
  readonly labels?: Texts;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string; readonly required: boolean }>>;
  readonly networks?: Readonly<Record<string, unknown>>;
  readonly volumes?: readonly { readonly target: string; readonly read_only?: boolean }[];
  readonly cap_add?: readonly string[];
  readonly dns?: readonly string[];
  readonly extra_hosts?: readonly string[];
  readonly privileged?: boolean;
  readonly hostname?: string;
  readonly healthcheck?: { readonly retries?: number; readonly test?: readonly string[] };
}

/** Returns what the comparison looks at of a service in Compose's own JSON. */
function fromCompose(service: ComposeService): ComparableService {
  const env = Object.entries(service.environment ?? {}).flatMap(([name, value]) =>
    value === null ? [] : [[name, unescape(value)] as const],
  );
  const labels = Object.entries(service.labels ?? {}).map(([key, value]) => [key, unescape(value)] as const);
  return {
    image: normaliseImage(service.image),
    environment: Object.fromEntries(sort(env)),
    command: service.command?.map(unescape),
    entrypoint: service.entrypoint?.map(unescape),
    ports: (service.ports ?? [])
      .map((port) => `${port.host_ip ?? ''}:${port.published ?? ''}:${port.target}/${port.protocol}`)
      .toSorted(),
    labels: Object.fromEntries(sort(labels)),
    dependsOn: Object.entries(service.depends_on ?? {})
      .map(([name, { condition, required }]) => `${name} ${condition}${required ? '' : ' optional'}`)
      .toSorted(),
    networks: Object.keys(service.networks ?? {}).toSorted(),
    mounts: (service.volumes ?? [])
      .map(({ target, read_only: readOnly }) => `${target}${readOnly ? ' ro' : ''}`)
      .toSorted(),
    capAdd: (service.cap_add ?? []).toSorted(),
    dns: service.dns ?? [],
    extraHosts: (service.extra_hosts ?? []).map((host) => host.replace('=', ':')).toSorted(),
    privileged: service.privileged ?? false,
    hostname: service.hostname,
    retries: service.healthcheck?.retries,
    healthTest: service.healthcheck?.test?.map(unescape),
  };
}

function normaliseImage(image: string | undefined): string | undefined {
  return image === undefined || /[:@][^/]*$/.test(image) ? image : `${image}:latest`;
}

function unescape(text: string): string {
  return text.replaceAll('$$', '$');
}

function sort<T>(entries: readonly (readonly [string, T])[]): readonly (readonly [string, T])[] {
  return entries.toSorted(([a], [b]) => (a < b ? -1 : 1));
}

const CONDITIONS = {
  applied: 'service_started',
  healthy: 'service_healthy',
  completed: 'service_completed_successfully',
} as const satisfies Record<DependencyEntry['until'], string>;

function fromModel(service: ServiceModel): ComparableService {
  const { options } = service;
  const health = service.healthcheck;
  const test = health && 'test' in health ? health : undefined;
  const env = service.env.flatMap(({ name, value }) => {
    const text = withoutSecrets(value);
    return text === undefined ? [] : [[name, text] as const];
  });
  const files = service.files.map(({ target }) => target);
  const mounts = service.mounts.map(({ mount }) => `${mount.target}${mount.readOnly ? ' ro' : ''}`);
  return {
    image: service.image,
    environment: Object.fromEntries(sort(env)),
    command: service.command,
    entrypoint: service.entrypoint,
    ports: (service.ports ?? [])
      .map(({ port }) => `${port.hostIp ?? ''}:${port.hostPort ?? ''}:${port.containerPort}/${port.protocol}`)
      .toSorted(),
    labels: service.labels,
    dependsOn: service.dependsOn
      .map(
        ({ service: name, until, required }) => `${name} ${CONDITIONS[until]}${required ? '' : ' optional'}`,
      )
      .toSorted(),
    networks: (service.networks ?? (service.networkMode ? [] : [{ name: 'default' }]))
      .map(({ name }) => name)
      .toSorted(),
    mounts: [...new Set([...mounts, ...files])].toSorted(),
    capAdd: options.capAdd ?? [],
    dns: options.dns ?? [],
    extraHosts: options.extraHosts ?? [],
    privileged: options.privileged ?? false,
    hostname: options.hostname,
    retries: test?.retries,
    healthTest: test?.test,
  };
}

/** Returns a value with no secret set; `undefined` where a variable is only passed on. */
function withoutSecrets(value: string): string | undefined {
  const parts = parseEnvValue(value);
  if (isProblem(parts)) return parts.problem;
  if (parts.some((part) => 'reference' in part && part.fallback === undefined)) return undefined;
  return parts.map((part) => ('text' in part ? part.text : part.fallback)).join('');
}
