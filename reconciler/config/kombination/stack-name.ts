import { posix } from 'node:path';
import { directoryOf } from '../file-tree.ts';
import { asString } from '../../base/values.ts';
import { peekYaml } from '../yaml-document.ts';

const STACK_NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

export function isStackName(name: string | undefined): boolean {
  return name !== undefined && STACK_NAME.test(name);
}

/** Name that a Compose project has as a stack; not every project's is one that a stack can have. */
export function stackNameOf(project: string): string {
  return project.replace(/_+/g, '-').replace(/^-+|-+$/g, '');
}

/** The name that a text gives its stack, in either dialect, as far as it can be made out. */
export function peekStackName(text: string): string | undefined {
  const [name, other] = peekYaml(text, [['meta', 'name'], ['name']]);
  return asString(name) ?? asString(other);
}

/**
 * The name of a stack whose file cannot tell: a stack must not seem to be removed only because somebody broke its file.
 *
 * @param text `null` when the file could not be read
 * @param previous the name the file had when it was last well
 */
export function guessStackName(file: string, text: string | null, previous: string | undefined): string {
  const peeked = text === null ? undefined : peekStackName(text);
  const matched =
    text === null ? undefined : /^[ \t]+["']?name["']?:[ \t]*["']?([a-z0-9-]+)/m.exec(text)?.[1];
  const directory = posix.basename(directoryOf(file)).toLowerCase();
  return [peeked, previous, matched, directory].find(isStackName) ?? 'unnamed';
}
