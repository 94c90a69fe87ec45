import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import { accept } from '../../base/document-diagnostic.ts';
import type { DocumentPath } from '../../base/document-path.ts';
import { splitWords } from '../../base/shell-words.ts';
import type { Fields } from '../../base/values.ts';
import {
  asBoolean,
  asFields,
  asList,
  asString,
  compareText,
  defined,
  own,
  toRecord,
} from '../../base/values.ts';
import type { LifecycleSpec } from './docker-spec.ts';
import { readPairs } from './options/pairs.ts';

interface Lifecycle {
  readonly postStart?: readonly LifecycleSpec[];
  readonly preStop?: readonly LifecycleSpec[];
}

/** `post_start` and `pre_stop`: commands in the running container. */
export function readLifecycle(
  fields: Fields,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): Lifecycle {
  const read = (key: string): readonly LifecycleSpec[] | undefined => {
    const commands = (asList(own(fields, key)) ?? []).flatMap(
      (item, index) => readCommand(item, [...path, key, index], diagnostics) ?? [],
    );
    return commands.length === 0 ? undefined : commands;
  };
  return defined({ postStart: read('post_start'), preStop: read('pre_stop') });
}

function readCommand(
  value: unknown,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): LifecycleSpec | undefined {
  const fields = asFields(value);
  if (fields === undefined) return undefined;
  const command = readWords(fields['command'], [...path, 'command'], diagnostics);
  if (command === undefined || command.length === 0) return undefined;
  const env = readVariables(fields['environment'], [...path, 'environment'], diagnostics);
  return defined({
    command,
    user: asString(fields['user']),
    privileged: asBoolean(fields['privileged']) || undefined,
    workingDir: asString(fields['working_dir']),
    env: env.length === 0 ? undefined : toRecord(env),
  });
}

/** Variables by name, sorted; the last of one name counts. */
function readVariables(
  value: unknown,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): readonly (readonly [string, string])[] {
  const variables = new Map<string, string>();
  for (const pair of readPairs(value, path, diagnostics)) {
    if (/[=\0]/.test(pair.key) || pair.key === '__proto__' || pair.key === '')
      diagnostics.error('INVALID_FORMAT', pair.path, `"${pair.key}" is not a name of a variable`, {
        at: 'key',
      });
    else variables.set(pair.key, pair.value);
  }
  return [...variables].sort(([a], [b]) => compareText(a, b));
}

/** Words of a command: a list as it is, or a text as a shell would split it. */
export function readWords(
  value: unknown,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): readonly string[] | undefined {
  if (typeof value === 'string') return accept(splitWords(value), path, diagnostics);
  return asList(value)?.map(String);
}
