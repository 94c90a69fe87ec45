import { parseAllDocuments } from 'yaml';
import { errorMessage, ReconcilerError } from '../base/errors.ts';
import { GO_YAML } from './go-yaml-options.ts';
import { invalidPodSpec } from './refusals.ts';

const MAX_ALIAS_EXPANSIONS = 100;
/** One document as Kubernetes' programs read YAML: version 1.1, in which `yes` is true. Throws INVALID_POD_SPEC. */
export function parsePodYaml(text: string): unknown {
  try {
    const documents = parseAllDocuments(text, GO_YAML);
    if (!Array.isArray(documents)) throw invalidPodSpec('pod_spec is empty');
    const [document, more] = documents.filter(
      ({ contents, errors }) => contents !== null || errors.length > 0,
    );
    if (document === undefined) throw invalidPodSpec('pod_spec is empty');
    const [fault] = document.errors;
    if (fault !== undefined) throw invalidPodSpec(oneLine(fault.message));
    if (more !== undefined) throw invalidPodSpec('pod_spec must be one document');
    return document.toJS({ maxAliasCount: MAX_ALIAS_EXPANSIONS });
  } catch (error) {
    if (error instanceof ReconcilerError) throw error;
    // Nesting that is too deep for the parser, aliases that multiply.
    throw invalidPodSpec(oneLine(errorMessage(error)));
  }
}

function oneLine(message: string): string {
  return (message.split('\n', 1)[0] ?? '').replace(/:$/, '').slice(0, 300);
}
