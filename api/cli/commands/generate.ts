import { join } from 'node:path';
import type { Command } from 'commander';
import type { GeneratedFile, GenerateFormat } from '../../../reconciler/index.ts';
import { GENERATE_FORMATS } from '../../../reconciler/index.ts';
import { EXIT, nearestName, UsageError } from '../terminal/failure.ts';
import type { Invocation } from '../invocation.ts';
import { present, remark } from '../invocation.ts';
import { writeFiles } from '../write-files.ts';
import type { ProgramHooks } from '../program-hooks.ts';
import { on } from '../program-hooks.ts';

export interface GenerateOptions {
  readonly format: string;
  readonly stack: string;
  /** Directory to write to; left out: everything goes to stdout. */
  readonly out?: string;
  /** Replaces files that are there with other content. */
  readonly force: boolean;
}

export function addGenerate(program: Command, hooks: ProgramHooks): void {
  program
    .command('generate')
    .description('write a stack as files for another tool; secrets become variables')
    .argument('<format>', 'compose, opentofu, traefik or kubernetes')
    .argument('<stack>')
    .option('--out <dir>', 'write files there instead of printing them')
    .option('--force', 'replace files that are there with other content')
    .action(
      on(hooks, (invocation, options: { out?: string; force?: true }, format: string, stack: string) =>
        runGenerate(invocation, { format, stack, force: false, ...options }),
      ),
    );
}

/** Writes a stack in another tool's words. */
async function runGenerate(
  invocation: Invocation,
  { format, stack, out, force }: GenerateOptions,
): Promise<number> {
  const known = formatOf(format);
  await using session = await invocation.openSession('read', 'generate');
  const generated = await session.generate(
    { subject: { stack }, format: known },
    invocation.interrupt.signal,
  );
  const { files, notes, variables } = generated;
  for (const note of notes) remark(invocation, note);
  if (out !== undefined) await writeFiles(out, files, { force });
  if (out === undefined && invocation.options.json !== true) {
    const text = files.map((file) => toText(file, files.length > 1)).join('\n');
    if (text !== '') invocation.terminal.content(`${text}\n`);
    return EXIT.ok;
  }
  const document = { stack: generated.stack, format: known, files: files.map(toJson), notes, variables };
  present(invocation, document, () => {
    const written = files.map(({ path }) => join(out ?? '', path));
    const wanted = variables
      .filter((variable) => variable.default === undefined)
      .map(({ name, reference }) => `  ${name}  ${invocation.style.dim(reference)}`);
    return [...written, ...(wanted.length > 0 ? ['', 'Variables to fill in:', ...wanted] : [])].join('\n');
  });
  return EXIT.ok;
}

function formatOf(format: string): GenerateFormat {
  const known = GENERATE_FORMATS.find((name) => name === format);
  if (known) return known;
  const near = nearestName(format, GENERATE_FORMATS);
  throw new UsageError(
    `"${format}" cannot be generated`,
    near === undefined ? `known formats: ${GENERATE_FORMATS.join(', ')}` : `did you mean ${near}?`,
  );
}

function toText({ path, content }: GeneratedFile, named: boolean): string {
  const text = typeof content === 'string' ? content.trimEnd() : `(${content.byteLength} bytes)`;
  return named ? `# --- ${path}\n${text}` : text;
}

function toJson({ path, content }: GeneratedFile): object {
  if (typeof content === 'string') return { path, content, encoding: 'utf-8' };
  return { path, content: Buffer.from(content).toString('base64'), encoding: 'base64' };
}
