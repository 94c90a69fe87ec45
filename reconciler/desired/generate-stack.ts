import type { TargetReference } from '../model/target.ts';
import type { Analysis } from '../config/kombination/analyze.ts';
import { toDiagnostics } from '../config/kombination/analyze.ts';
import { manifestTitle } from '../config/kombination/manifests/manifest-model.ts';
import { formatDiagnostic, hasErrors } from '../base/diagnostic.ts';
import { ReconcilerError } from '../base/errors.ts';
import type { Blueprint } from '../render/generate/blueprint.ts';
import { blobsOf, buildBlueprint } from '../render/generate/blueprint.ts';
import { generate } from '../render/generate/generate.ts';
import type { Mark } from '../render/generate/variables.ts';
import { markReference } from '../render/generate/variables.ts';
import type { GeneratedStack, GenerateFormat } from '../model/generated.ts';

export interface GenerateContext {
  readonly file: string;
  readonly readBlob: (blob: string) => Promise<Uint8Array>;
}

/** The files of a stack in another tool's words. Throws INVALID_CONFIGURATION with every finding. No secret is looked up. */
export async function generateStack(
  analysis: Analysis,
  format: GenerateFormat,
  { file, readBlob }: GenerateContext,
): Promise<GeneratedStack> {
  const diagnostics = toDiagnostics(file, analysis.document, analysis.diagnostics);
  const { name } = analysis.kombination;
  if (hasErrors(diagnostics)) {
    const errors = diagnostics.filter(({ severity }) => severity === 'error').map(formatDiagnostic);
    throw new ReconcilerError('INVALID_CONFIGURATION', `${name} is not valid:\n${errors.join('\n')}`, {
      diagnostics,
    });
  }
  const contents = await readContents(analysis, readBlob);
  const blueprint = buildBlueprint(
    analysis,
    file,
    contents,
    format === 'kubernetes' ? markNeeded : undefined,
  );
  const { files, notes } = generate(format, blueprint);
  return {
    stack: name,
    format,
    files,
    notes: [...notes, ...analysis.manifests.map(({ model }) => `${manifestTitle(model)} is left out`)],
    variables: blueprint.variables.list(),
    overview: overviewOf(blueprint),
  };
}

/** A manifest has no word for a default: it is written as it is. */
const markNeeded: Mark = (reference, fallback) =>
  fallback === undefined ? markReference(reference) : undefined;

async function readContents(
  analysis: Analysis,
  readBlob: GenerateContext['readBlob'],
): Promise<Blueprint['content']> {
  const contents = new Map(analysis.serviceFiles.inline);
  for (const blob of blobsOf(analysis)) contents.set(blob, await readBlob(blob));
  return (blob) => contents.get(blob) ?? new Uint8Array();
}

function nodeOverview(reference: TargetReference): GeneratedStack['overview']['nodes'][number] {
  const { name } = reference;
  if (reference.kind === 'extension') return { name, host: reference.address };
  const { connection } = reference;
  if (connection.type === 'ssh')
    return { name, host: connection.host, user: connection.user, port: connection.port };
  return { name, host: connection.type === 'tcp' ? connection.host : 'localhost' };
}

function overviewOf({ stackkit, domain, targets, services }: Blueprint): GeneratedStack['overview'] {
  return {
    stackkit,
    domain,
    nodes: targets.map(nodeOverview),
    services: services.map(({ name, target, spec, dependsOn }) => ({
      name,
      node: target,
      image: spec.image,
      ports: (spec.ports ?? []).map(({ containerPort }) => containerPort),
      needs: dependsOn.map(({ service }) => service),
    })),
  };
}
