import { posix } from 'node:path';
import type { Analysis } from '../../reconciler/config/kombination/analyze.ts';
import { toDiagnostics } from '../../reconciler/config/kombination/analyze.ts';
import type { Diagnostic } from '../../reconciler/base/diagnostic.ts';
import { hasErrors } from '../../reconciler/base/diagnostic.ts';
import type { SecretFailure } from '../../reconciler/config/kombination/checks/find-secrets.ts';
import { DEFAULT_POLICY } from '../../reconciler/model/stack.ts';
import { asFields, asList, asString } from '../../reconciler/base/values.ts';
import { buildPlan } from '../../reconciler/plan/build-plan.ts';
import type { Plan } from '../../reconciler/plan/plan.ts';
import { renderDocker } from '../../reconciler/render/docker.ts';
import { findMissing } from '../../reconciler/desired/render-stack.ts';
import { analyzeFiles } from '../support/compose/compose-config.ts';
import type { CorpusProject } from './projects.ts';

/** Outcome of adopting a project as a stack. */
export interface Adopted {
  readonly stack: string;
  /** The repository that was made of it, with its kombination. */
  readonly files: Readonly<Record<string, string>>;
  /** Things that somebody who deploys it would have to add, and that were made up. */
  readonly needs: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
  /** `null`: it does not validate. */
  readonly plan: Plan | null;
  /** Values that were made up for variables. */
  readonly variables: Readonly<Record<string, string>>;
  /** Files in the state directory that secrets are read from. */
  readonly secrets: readonly string[];
  /** Repository path of the kombination. */
  readonly path: string;
  readonly analysis: Analysis;
}

/** Things that are missing from a project and made up: projects are published without their secrets and settings. */
interface Additions {
  readonly variables: Map<string, string>;
  readonly files: Map<string, string>;
  /** Secrets that an engine is expected to keep. */
  readonly secrets: Set<string>;
  readonly needs: Set<string>;
}

const ROUNDS = 8;

/** Puts a project into a repository with a kombination of three lines, and validates and plans it. */
export function adoptProject(project: CorpusProject): Adopted {
  const additions: Additions = {
    variables: new Map(),
    files: new Map(),
    secrets: new Set(),
    needs: new Set(),
  };
  addExampleEnv(project, additions);
  let result = tryProject(project, additions);
  for (let round = 0; round < ROUNDS && hasErrors(result.diagnostics); round += 1) {
    const before = additions.needs.size;
    for (const diagnostic of result.diagnostics) addMissing(project, diagnostic, additions);
    addParts(project, result.analysis, additions);
    if (additions.needs.size === before) addUnset(result.diagnostics, additions);
    if (additions.needs.size === before) break;
    result = tryProject(project, additions);
  }
  return result;
}

const EXAMPLES =
  /^(\.?env[._-](example|sample|dist|template|default|defaults|tmpl|tpl|local|docker|test|dev)|(example|sample|default|template|stack|docker|compose)[._-]?\.?env|\.?(example|sample|template)\.env|\.env_\w+|env|dotenv)$/i;

function exampleFor(project: CorpusProject, path: string): string | undefined {
  const directory = posix.dirname(path);
  const base = posix.basename(path);
  const candidates = [...project.files.keys()]
    .filter((other) => posix.dirname(other) === directory)
    .toSorted();
  const own = candidates.find((other) =>
    posix.basename(other).toLowerCase().startsWith(`${base.toLowerCase()}.`),
  );
  return own ?? candidates.find((other) => EXAMPLES.test(posix.basename(other)));
}

function addExampleEnv(project: CorpusProject, additions: Additions): void {
  const path = posix.join(project.directory, '.env');
  const example = project.files.has(path) ? undefined : exampleFor(project, path);
  if (example === undefined) return;
  additions.files.set(path, project.files.get(example) ?? '');
  additions.needs.add(`.env, taken from ${posix.basename(example)}`);
}

function tryProject(project: CorpusProject, { variables, files, secrets, needs }: Additions): Adopted {
  const stack = stackName(project);
  const path = posix.join(project.directory, 'kombination.yaml');
  const compose = project.compose.map((file) => posix.relative(project.directory || '.', file));
  const lines = ['version: "1.0"', `meta: { name: ${stack} }`, `compose: ${JSON.stringify(compose)}`];
  if (variables.size > 0) lines.push(`variables: ${JSON.stringify(Object.fromEntries(variables))}`);
  const named = [...secrets].map((name) => [name, { secret: `secret://file/${name}` }] as const);
  if (named.length > 0) lines.push(`secrets: ${JSON.stringify(Object.fromEntries(named))}`);
  const own = [...project.files].filter(([file]) => !/(^|\/)(kombination|kombinator)\.ya?ml$/.test(file));
  const repository = {
    ...Object.fromEntries(own),
    ...Object.fromEntries(files),
    [path]: `${lines.join('\n')}\n`,
  };
  const analysis = analyzeFiles(repository, path);
  const missing = findMissing(analysis.secrets.secrets, ({ reference }) =>
    reference.startsWith('secret://env/') ? NO_SECRET : undefined,
  );
  const diagnostics = toDiagnostics(path, analysis.document, [...analysis.diagnostics, ...missing]);
  const plan = hasErrors(diagnostics) ? null : planFresh(analysis, path, diagnostics);
  const made = Object.fromEntries(variables);
  return {
    stack,
    path,
    files: repository,
    variables: made,
    secrets: [...secrets],
    needs: [...needs],
    diagnostics,
    plan,
    analysis,
  };
}

const NO_SECRET: SecretFailure = { code: 'SECRET_NOT_FOUND', message: 'there is none' };

function planFresh(analysis: Analysis, file: string, diagnostics: readonly Diagnostic[]): Plan {
  return buildPlan({
    stack: analysis.kombination.name,
    mode: 'apply',
    revision: null,
    desired: renderDocker({ analysis, file, lookup: () => undefined }),
    observed: [],
    diagnostics,
    policy: DEFAULT_POLICY,
    deleteVolumes: false,
  });
}

const UNSET = /^(?:the variable (\w+) is not set|\$\{(\w+)\} has no value)/;

/** Makes up what one finding says is missing. */
function addMissing(project: CorpusProject, diagnostic: Diagnostic, additions: Additions): void {
  const { code, message, severity } = diagnostic;
  if (severity !== 'error') return;
  if (code === 'UNRESOLVED_VARIABLE') addVariable(UNSET.exec(message)?.[2], diagnostic, additions);
  if (code === 'SECRET_NOT_FOUND')
    addVariable(/secret:\/\/env\/(\w+)/.exec(message)?.[1], diagnostic, additions);
  const [, secret] = /^the secret (.+) is external, and/.exec(message) ?? [];
  if (secret !== undefined) additions.secrets.add(secret);
  if (secret !== undefined) additions.needs.add(`the secret ${secret}`);
  const [, envFile] = /^the env file (.+) is not in the repository$/.exec(message) ?? [];
  if (code === 'ENV_FILE_NOT_FOUND' && envFile !== undefined) {
    const example = exampleFor(project, envFile);
    addFile(envFile, example === undefined ? '' : (project.files.get(example) ?? ''), additions);
  }
}

/** Files that belong to a project and are never published with it: secrets, build contexts. */
function addParts(project: CorpusProject, { document }: Analysis, additions: Additions): void {
  const root = asFields(document.value);
  const add = (source: string | undefined, content: string): void => {
    const path = source === undefined ? '' : posix.join(project.directory, source);
    if (path !== '' && !path.startsWith('..') && !project.files.has(path)) addFile(path, content, additions);
  };
  for (const secret of Object.values(asFields(root?.['secrets']) ?? {})) {
    add(asString(asFields(secret)?.['file']), 'stand-in');
  }
  for (const service of Object.values(asFields(root?.['services']) ?? {})) {
    const { build, files } = asFields(service) ?? {};
    const context = asString(asFields(build)?.['context']);
    const dockerfile = asString(asFields(build)?.['dockerfile']) ?? 'Dockerfile';
    const inline = asFields(build)?.['dockerfile_inline'] !== undefined;
    if (context !== undefined && !/^[a-z]+:/.test(context) && !inline)
      add(posix.join(context, dockerfile), 'FROM scratch\n');
    for (const file of asList(files) ?? []) {
      const source = asString(asFields(file)?.['source']);
      const directory =
        source !== undefined &&
        [...project.files.keys()].some((path) =>
          path.startsWith(`${posix.join(project.directory, source)}/`),
        );
      if (!directory) add(source, 'stand-in\n');
    }
  }
}

/** Values for variables that are said to be empty: something else may be wrong because of them. */
function addUnset(diagnostics: readonly Diagnostic[], additions: Additions): void {
  for (const diagnostic of diagnostics) {
    if (diagnostic.code === 'UNSET_VARIABLE')
      addVariable(UNSET.exec(diagnostic.message)?.[1], diagnostic, additions);
  }
}

function addVariable(
  name: string | undefined,
  { path = '' }: Diagnostic,
  { variables, needs }: Additions,
): void {
  if (name === undefined || variables.has(name)) return;
  variables.set(name, standIn(name, path, variables.size));
  needs.add(`$${name}`);
}

/** A value that is right for where a variable is used, and for what its name suggests. */
function standIn(name: string, path: string, index: number): string {
  if (/^volumes\..*\.name$/.test(path)) return `stand-in-${index}`;
  if (/PORT/i.test(name) || /\.(ports|expose)\[/.test(path)) return String(20_000 + index);
  if (/(^|_)(P?UID|P?GID|USER_ID|GROUP_ID)$/i.test(name)) return '1000';
  if (/(DIR|PATH|ROOT|FOLDER|DATA|CONFIG|VOLUME|LOCATION|HOME|STORAGE|MEDIA|BACKUP|DOWNLOADS?)/i.test(name)) {
    return `/srv/stand-in/${name.toLowerCase()}`;
  }
  if (/\.(volumes|devices)\b/.test(path)) return `/srv/stand-in/${name.toLowerCase()}`;
  if (/(_IP|ADDRESS)$/i.test(name)) return '127.0.0.1';
  if (/(SUBNET|CIDR)/i.test(name)) return '10.213.7.0/24';
  if (/(MEM|MEMORY)(_LIMIT)?$/i.test(name)) return '64m';
  if (/(TAG|VERSION)/i.test(name)) return 'latest';
  if (/(DOMAIN|HOST)/i.test(name)) return 'example.org';
  return 'stand-in';
}

function addFile(path: string, content: string, { files, needs }: Additions): void {
  if (files.has(path)) return;
  files.set(path, content);
  needs.add(path);
}

function stackName({ name }: CorpusProject): string {
  const words = name
    .toLowerCase()
    .replace(/\.ya?ml$/, '')
    .replace(/[^a-z0-9]+/g, '-');
  return words.slice(-60).replace(/^-+|-+$/g, '') || 'project';
}
