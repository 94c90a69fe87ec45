import { isProblem } from '../../../base/problem.ts';
import { asFields, asList } from '../../../base/values.ts';
import { parseYaml } from '../../yaml-document.ts';
import { parseContent } from './env-value.ts';

/** Every text that a kombination or a Compose file may give a container as a file: what stands behind a key `content`, without references. */
export function inlineContents(document: string): readonly string[] {
  const found: string[] = [];
  collect(parseYaml(document).value, found);
  return found;
}

function collect(value: unknown, found: string[]): void {
  for (const item of asList(value) ?? []) collect(item, found);
  for (const [key, member] of Object.entries(asFields(value) ?? {})) {
    if (key === 'content' && typeof member === 'string') found.push(...readTexts(member));
    else collect(member, found);
  }
}

/** Returns what the text may stand for: a Compose file writes a dollar sign twice. The caller can tell by the blob which one it is. */
function readTexts(content: string): readonly string[] {
  const parts = parseContent(content);
  const text = isProblem(parts) ? content : parts.map((part) => ('text' in part ? part.text : '')).join('');
  return [text, content, content.replaceAll('$$', '$')];
}
