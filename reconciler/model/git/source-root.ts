import { ReconcilerError } from '../../base/errors.ts';

/*
 * The root of a source: the directory of a repository that stands for all of it, so that several daemons may share one repository. Blank: the repository.
 */

/** Longest root, in characters. */
const MAX_LENGTH = 1_000;

/**
 * Checks a root as an operator writes it (`deploy/home`, `./deploy/home/`). Throws BAD_OPTIONS for what is no path of a repository.
 *
 * @returns names with slashes between; blank for the repository itself
 */
export function readRoot(written: string): string {
  const names = written.split('/');
  // `./` before it and a slash behind it change nothing.
  const kept = names.filter((name, at) => name !== '.' && (name !== '' || at === 0));
  const root = kept.join('/');
  if (root === '') return '';
  const reason =
    kept[0] === ''
      ? 'it begins with a slash'
      : kept.includes('..')
        ? 'it leads out of the repository'
        : kept.some((name) => name.toLowerCase() === '.git')
          ? 'Git keeps its own files there'
          : // oxlint-disable-next-line no-control-regex -- such names are refused
            /[\0-\x1f\x7f]/.test(root)
            ? 'it has control characters'
            : root.length > MAX_LENGTH
              ? `it has more than ${MAX_LENGTH} characters`
              : null;
  if (reason === null) return root;
  const message = `"${written}" is no directory of a repository: ${reason}; write it from the top of the repository, such as deploy/home`;
  throw new ReconcilerError('BAD_OPTIONS', message);
}

/** Place in a repository that stacks come from. */
export interface Origin {
  readonly branch: string;
  /** Blank: the whole repository. */
  readonly root: string;
  /** Name of the source among several of a daemon. Default: it is the only one. */
  readonly name?: string;
}

/**
 * Source, branch and root in one text, which everything that is made bears in place of the branch: `main`, `main:deploy/home`, `//shop/main`. No branch
 * has a colon in its name, or begins with a slash.
 */
export function formatOrigin({ branch, root, name = '' }: Origin): string {
  const place = root === '' ? branch : `${branch}:${root}`;
  return name === '' ? place : `//${name}/${place}`;
}

/** Returns the root and the source that such a text says; left out for a whole repository, for the only source, and where nobody knows. */
export function placeOfOrigin(origin: string | null): { readonly root?: string; readonly source?: string } {
  if (origin === null) return {};
  const at = origin.indexOf(':');
  const source = /^\/\/([^/:]+)\//.exec(origin)?.[1];
  return { ...(at !== -1 && { root: origin.slice(at + 1) }), ...(source !== undefined && { source }) };
}

/**
 * Part of the names of tags and branches that says the root, one name with a slash behind it: `@deploy+home/`; blank for a whole repository. No stack
 * begins with `@`, and what a name in Git may not have is written as in URLs.
 */
export function formatRefFolder(root: string): string {
  if (root === '') return '';
  const escape = (name: string) =>
    [...new TextEncoder().encode(name)]
      .map((byte) => {
        const letter = String.fromCharCode(byte);
        return /[\w-]/.test(letter) ? letter : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
      })
      .join('');
  return `@${root.split('/').map(escape).join('+')}/`;
}
