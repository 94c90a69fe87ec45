import { posix } from 'node:path';
import { isSafeName } from '../repository/tree-diff.ts';

/** A submodule as `.gitmodules` has it. */
export interface NamedModule {
  readonly path: string;
  readonly url: string;
}

/** Longest line that is read; no name, path or address is longer. */
const MAX_LINE_LENGTH = 8_192;

/**
 * Reads `.gitmodules`, a file in the form of Git's configuration (gitmodules(5)). What is incomplete, or has a path that Git would not check
 * out, is left out.
 */
export function parseGitModules(text: string): readonly NamedModule[] {
  const sections = new Map<string, Map<string, string>>();
  let section: Map<string, string> | undefined;
  for (const line of text.split(/\r?\n/)) {
    if (line.length > MAX_LINE_LENGTH) continue;
    const header = /^\s*\[\s*([\w.-]+)\s*(?:"((?:[^"\\]|\\.)*)")?\s*\]/.exec(line);
    if (header !== null) {
      const [, kind = '', name = ''] = header;
      section = kind.toLowerCase() === 'submodule' ? (sections.get(name) ?? new Map()) : undefined;
      if (section !== undefined) sections.set(name, section);
      continue;
    }
    const [, key, value] = /^\s*([A-Za-z][\w-]*)\s*=\s*(.*)$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) section?.set(key.toLowerCase(), readValue(value));
  }
  return [...sections.values()].flatMap((fields) => {
    const [path, url] = [fields.get('path')?.replace(/\/+$/, ''), fields.get('url')];
    return path && url && path.split('/').every(isSafeName) ? [{ path, url }] : [];
  });
}

/** A value without its quotes, and without the comment behind it. */
function readValue(text: string): string {
  let value = '';
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '"') quoted = !quoted;
    else if (character === '\\') {
      at += 1;
      value += text.charAt(at);
    } else if (!quoted && (character === '#' || character === ';')) break;
    else value += character;
  }
  return quoted ? value : value.trim();
}

/** Scheme and host of an address, or `user@host:`; then the path. */
const ADDRESS = /^([a-z][a-z0-9+.-]*:\/\/[^/]*|[^/]*:)?(.*)$/i;

/**
 * Resolves the URL of a submodule as Git does: one that begins with `./` or `../` starts from the address of the repository that names it, whose
 * name counts as a directory.
 *
 * @param base without credentials
 */
export function resolveModuleUrl(base: string, url: string): string {
  if (!/^\.\.?(\/|$)/.test(url)) return url;
  const [, place = '', path = ''] = ADDRESS.exec(base) ?? [];
  return `${place}${posix.join(path, url).replace(/\/+$/, '')}`;
}
