import { parseDocument } from 'yaml';
import { hasErrors } from '../../base/diagnostic.ts';
import { toDiagnostics } from '../../config/kombination/analyze.ts';
import { asFields, asString, own } from '../../base/values.ts';
import { parseDotenv } from '../../config/compose/dotenv.ts';
import { isPlainSecret } from '../../config/kombination/checks/plain-secrets.ts';
import { isDirectory, nodeAt } from '../../config/file-tree.ts';
import type { Core } from '../state.ts';
import type { Gathering } from './project-files.ts';
import { analyzeProject } from './project-files.ts';

export interface Sealing extends Gathering {
  readonly kombination: string;
}

export interface Sealed {
  /** The kombination, with references in the place of files that hold secrets. */
  readonly kombination: string;
  /** Text of `.age-recipients` when it is new. */
  readonly recipients: string | null;
}

/**
 * Encrypts what a project keeps in clear: files of `secrets`, and passwords of `.env`, as far as they end in the environment of services, the only place where a reference
 * stands for them.
 */
export async function sealSecrets(core: Core, sealing: Sealing): Promise<Sealed> {
  const { seal } = sealing.request;
  if (seal === undefined) return { kombination: sealing.kombination, recipients: null };
  const known = await readRecipients(core);
  let recipients = known;
  const encrypt: Seal = async (value) => {
    const sealed = await seal(value, recipients);
    recipients = sealed.recipients;
    return sealed.text;
  };
  const kombination = await sealFiles(core, sealing, encrypt);
  await sealDotenv(core, { ...sealing, kombination }, encrypt);
  return { kombination, recipients: known === null ? recipients : null };
}

/** Public keys that this repository's age files are encrypted for, one a line. */
export const RECIPIENTS = '.age-recipients';

async function readRecipients({ source, state }: Core): Promise<string | null> {
  const node = nodeAt(state.tree, RECIPIENTS);
  if (node === undefined || isDirectory(node) || node.type === 'submodule') return null;
  return new TextDecoder().decode(await source.readBlob(node.blob));
}

type Seal = (value: Uint8Array) => Promise<string>;

/** `secrets: { db: { file: ./db.txt } }` */
async function sealFiles(core: Core, sealing: Sealing, seal: Seal): Promise<string> {
  const { project, notes } = sealing;
  const { document } = analyzeProject(core, project, sealing.kombination);
  const secrets = Object.entries(asFields(own(asFields(document.value), 'secrets')) ?? {});
  const text = parseDocument(sealing.kombination);
  for (const [name, secret] of secrets) {
    const path = asString(own(asFields(secret), 'file'));
    const file = path === undefined ? undefined : project.files.get(path);
    if (path === undefined || file === undefined || path.endsWith('.age')) continue;
    project.files.delete(path);
    project.files.set(`secrets/${name}.age`, await sealedFile(seal, file.content));
    text.setIn(['secrets', name, 'file'], `secrets/${name}.age`);
    notes.push({ kind: 'secret', path, message: `is secrets/${name}.age` });
  }
  return text.toString({ lineWidth: 0 });
}

async function sealDotenv(core: Core, sealing: Sealing, seal: Seal): Promise<void> {
  const { project, notes } = sealing;
  const file = project.files.get('.env');
  if (file === undefined) return;
  const text = new TextDecoder().decode(file.content);
  const { entries } = parseDotenv(text, { lookup: () => undefined });
  let written = text;
  for (const { name, plain } of entries) {
    if (plain.startsWith('secret://') || !isPlainSecret(name, plain)) continue;
    const next = withReference(written, name, `secret://age/secrets/${name}.age`);
    if (next === null) continue;
    const files = new Map(project.files);
    files.set('.env', { ...file, content: new TextEncoder().encode(next) });
    files.set(`secrets/${name}.age`, await sealedFile(seal, new TextEncoder().encode(plain)));
    // A variable may be used where no reference can stand: then it stays as it is, with a warning.
    if (isBroken(core, { ...sealing, project: { ...project, files } })) continue;
    for (const [path, content] of files) project.files.set(path, content);
    written = next;
    notes.push({ kind: 'secret', path: `secrets/${name}.age`, message: `${name} of .env` });
  }
}

function isBroken(core: Core, { project, kombination }: Sealing): boolean {
  const { document, diagnostics } = analyzeProject(core, project, kombination);
  return hasErrors(toDiagnostics(`${project.directory}/kombination.yaml`, document, diagnostics));
}

/** The line that sets the variable, with another value; `null` for one that is set in a way of its own. */
function withReference(text: string, name: string, reference: string): string | null {
  const line = new RegExp(`^([ \\t]*(?:export[ \\t]+)?${name}[ \\t]*=).*$`, 'm');
  const found = line.exec(text);
  if (found === null || /^[^=]*=[ \t]*(["']).*[^"']$/.test(found[0])) return null;
  return text.replace(line, (_, head: string) => `${head}${reference}`);
}

async function sealedFile(seal: Seal, content: Uint8Array) {
  return { content: new TextEncoder().encode(await seal(content)), executable: false };
}
