import { parseDocument } from 'yaml';
import { asFields, asList, asString, own } from '../../base/values.ts';
import type { DotenvEntry } from '../../config/compose/dotenv.ts';
import { parseDotenv } from '../../config/compose/dotenv.ts';
import { isPlainSecret } from '../../config/kombination/checks/plain-secrets.ts';
import { parseYamlStream } from '../../config/yaml-document.ts';
import type { HostFile } from '../../ports/adopt/compose-projects.ts';
import type { AnalysisCore } from './project-files.ts';
import type { Seal, Sealing } from './seal-secrets.ts';
import { asVariable, isBroken, sealedFile } from './seal-secrets.ts';

/*
 * An `.env` with passwords that has to stay as it is, where it is, because it is the one that docker-compose reads: what it sets is said in the kombination
 * then, passwords as references to encrypted files, and the file itself is kept out of the repository.
 */

const DOTENV = '.env';

/** Tells an `.env` with something in clear that belongs into a secret. */
export function hasPlainSecrets(files: ReadonlyMap<string, HostFile>): boolean {
  return readVariables(files).some(({ name, plain }) => isPlainSecret(name, plain));
}

function readVariables(files: ReadonlyMap<string, HostFile>): readonly DotenvEntry[] {
  const file = files.get(DOTENV);
  if (file === undefined) return [];
  const { entries } = parseDotenv(new TextDecoder().decode(file.content), { lookup: () => undefined });
  return entries.filter(({ value }) => value !== null);
}

/** Takes `.env` out of the project. Returns the kombination that says what it has set. */
export async function sealVariables(core: AnalysisCore, sealing: Sealing, seal: Seal): Promise<string> {
  const { project, notes } = sealing;
  const entries = readVariables(project.files);
  const services = servicesWithDotenv(project.files);
  project.files.delete(DOTENV);
  const values = new Map(entries.map(({ name, plain }) => [name, plain]));
  const write = () => writeVariables(sealing.kombination, values, services);
  for (const { name, plain } of entries) {
    if (plain.startsWith('secret://') || !isPlainSecret(name, plain)) continue;
    const path = `secrets/${name}.age`;
    project.files.set(path, await sealedFile(seal, asVariable(plain)));
    values.set(name, `secret://age/${path}`);
    if (isBroken(core, { ...sealing, kombination: write() })) {
      // A variable may be used where no reference can stand.
      project.files.delete(path);
      values.set(name, plain);
      notes.push({
        kind: 'content',
        path: 'kombination.yaml',
        message: `${name} of .env stands there in clear: it is used where no reference can stand`,
      });
    } else notes.push({ kind: 'secret', path, message: `${name} of .env` });
  }
  return write();
}

interface DotenvService {
  /** Its other env files. */
  readonly files: readonly unknown[];
  /** Names of variables that it sets itself. */
  readonly own: ReadonlySet<string>;
}

/** Services that have all of `.env` in their environment. */
function servicesWithDotenv(files: ReadonlyMap<string, HostFile>): ReadonlyMap<string, DotenvService> {
  const found = new Map<string, DotenvService>();
  const set = new Map<string, Set<string>>();
  for (const [path, { content }] of files) {
    if (!/\.ya?ml$/.test(path)) continue;
    const value = parseYamlStream(new TextDecoder().decode(content))[0]?.value;
    for (const [name, service] of Object.entries(asFields(own(asFields(value), 'services')) ?? {})) {
      const environment = own(asFields(service), 'environment');
      const names = asList(environment)?.map((one) => asString(one)?.split('=')[0] ?? '') ?? [];
      const known = set.get(name) ?? new Set();
      set.set(name, known);
      for (const one of [...names, ...Object.keys(asFields(environment) ?? {})]) known.add(one);
      const written = own(asFields(service), 'env_file');
      const list = asList(written) ?? [written];
      const rest = list.filter((one) => !isDotenv(one));
      if (rest.length < list.length) found.set(name, { files: rest, own: known });
    }
  }
  return found;
}

function isDotenv(file: unknown): boolean {
  const path = asString(file) ?? asString(own(asFields(file), 'path'));
  return path?.replace(/^\.\//, '') === DOTENV;
}

function writeVariables(
  kombination: string,
  values: ReadonlyMap<string, string>,
  services: ReadonlyMap<string, DotenvService>,
): string {
  const document = parseDocument(kombination);
  for (const [name, value] of values) document.setIn(['variables', name], value);
  for (const [service, { files, own: set }] of services) {
    const others = document.createNode(files, { flow: true });
    others.tag = '!override';
    document.setIn(['services', service, 'env_file'], others);
    for (const [name, value] of values)
      if (!set.has(name))
        document.setIn(['services', service, 'environment', name], value.replaceAll('$', '$$$$'));
  }
  return document.toString({ lineWidth: 0 });
}
