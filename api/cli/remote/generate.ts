import type { GeneratedStack, GenerateRequest } from '../../../reconciler/index.ts';
import type { RemoteClient } from './client.ts';
import { fieldsOf, listAt, textAt, textOrNull } from './decode.ts';

/** Asks a daemon to generate. */
export async function generateRemotely(
  client: RemoteClient,
  { subject, format }: GenerateRequest,
  signal: AbortSignal,
): Promise<GeneratedStack> {
  const body = {
    output: format,
    ...('stack' in subject ? { stack: subject.stack } : { yaml: subject.text }),
  };
  const fields = fieldsOf(await client.post('/unifier/generate', { body, signal }), 'generated files');
  const network = fieldsOf(fields['network'], 'network');
  return {
    stack: textAt(fields, 'stack_name'),
    format,
    files: listAt(fields, 'files', (value) => {
      const file = fieldsOf(value, 'file');
      const content = textAt(file, 'content');
      const binary = file['encoding'] === 'base64';
      return { path: textAt(file, 'path'), content: binary ? Buffer.from(content, 'base64') : content };
    }),
    notes: listAt(fields, 'warnings', String),
    variables: listAt(fields, 'variables', (value) => {
      const variable = fieldsOf(value, 'variable');
      const fallback = textOrNull(variable, 'default');
      return {
        name: textAt(variable, 'name'),
        reference: textAt(variable, 'reference'),
        ...(fallback !== null && { default: fallback }),
      };
    }),
    overview: {
      stackkit: textAt(fields, 'stack_kit'),
      domain: textAt(network, 'domain'),
      nodes: [],
      services: [],
    },
  };
}
