import type { DocumentPath } from '../../base/document-path.ts';
import { isStackName } from './stack-name.ts';
import { asFields, asList, asString } from '../../base/values.ts';

/** Another stack that has to be in sync and healthy first. */
export interface StackDependency {
  readonly name: string;
  readonly path: DocumentPath;
}

/** `dependsOn` of a document that was checked against the schema; what is no name is passed over. */
export function readStackDependencies(value: unknown): readonly StackDependency[] {
  const listed = asList(asFields(value)?.['dependsOn']) ?? [];
  return listed.flatMap((item, index): readonly StackDependency[] => {
    const name = asString(item);
    return name !== undefined && isStackName(name) ? [{ name, path: ['dependsOn', index] }] : [];
  });
}
