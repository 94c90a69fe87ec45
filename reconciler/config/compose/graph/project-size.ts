import { ReconcilerError } from '../../../base/errors.ts';
import type { ComposeNode } from '../node.ts';

/** Values of a project, aliases and includes followed. */
const MAX_VALUES = 60_000;
/** Characters of its texts, aliases and includes followed: what an alias stands for is written out. */
const MAX_CHARACTERS = 2 * 1_048_576;

/** Refuses what would keep everybody else waiting. Throws FILE_TOO_LARGE. */
export function refuseLarge(model: ComposeNode, file: string): void {
  let values = 0;
  let characters = 0;
  const waiting: ComposeNode[] = [model];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    values += 1;
    if (node.kind === 'map') {
      for (const [key, member] of node.entries) {
        characters += key.length;
        waiting.push(member);
      }
    } else if (node.kind === 'list') waiting.push(...node.items);
    else if (typeof node.value === 'string') characters += node.value.length;
    if (values > MAX_VALUES || characters > MAX_CHARACTERS)
      throw new ReconcilerError(
        'FILE_TOO_LARGE',
        `${file} says too much with its aliases followed: ${MAX_VALUES} values and ${MAX_CHARACTERS} characters are read`,
      );
  }
}
