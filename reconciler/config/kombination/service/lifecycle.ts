import type { DocumentPath } from '../../../base/document-path.ts';
import type { DiagnosticCollector } from '../../../base/document-diagnostic.ts';
import { accept } from '../../../base/document-diagnostic.ts';
import { splitWords } from '../../../base/shell-words.ts';
import type { Fields } from '../../../base/values.ts';
import {
  asBoolean,
  asFields,
  asList,
  asString,
  compareText,
  defined,
  own,
  toRecord,
} from '../../../base/values.ts';
import type { LifecycleSpec } from '../../../model/docker/docker-spec.ts';
import type { ServiceFields } from '../kombination.ts';
import { readEnv } from './service-lists.ts';

/** `post_start` and `pre_stop`: commands in the running container. */
export function readLifecycle(
  fields: Fields,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): Pick<ServiceFields, 'postStart' | 'preStop'> {
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
  const env = readEnv(fields, path, diagnostics)
    .map(({ name, value: text }) => [name, text] as const)
    .sort(([a], [b]) => compareText(a, b));
  return defined({
    command,
    user: asString(fields['user']),
    privileged: asBoolean(fields['privileged']) || undefined,
    workingDir: asString(fields['working_dir']),
    env: env.length === 0 ? undefined : toRecord(env),
  });
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
