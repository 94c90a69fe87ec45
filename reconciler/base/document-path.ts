/** Path to something inside a document: keys and list positions from the root. */
export type DocumentPath = readonly (string | number)[];

const PLAIN_KEY = /^[A-Za-z0-9_-]+$/;

/** `services.web.ports[0]`; keys that would be ambiguous are quoted: `env["a.b"]`. The root is ``. */
export function formatPath(path: DocumentPath): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (PLAIN_KEY.test(part)) text += text ? `.${part}` : part;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text;
}

export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/** A position that may be in another file than the document it was asked of. */
export interface TextPlace extends TextPosition {
  readonly file?: string;
  /** Path inside of that file. */
  readonly path?: DocumentPath;
}
