/*
 * Keys that people bring along from Compose, from other pages about kombination.yaml and from habit. They get an answer
 * better than "unknown key". What is not honoured is never dropped in silence.
 */

export interface KeyAnswer {
  readonly severity: 'error' | 'warning';
  readonly code: 'UNKNOWN_KEY' | 'UNSUPPORTED_KEY';
  readonly hint?: string;
}

export type KeyContext = 'document' | 'meta' | 'node' | 'service' | 'other';

function unsupported(hint?: string): KeyAnswer {
  return { severity: 'error', code: 'UNSUPPORTED_KEY', ...(hint === undefined ? {} : { hint }) };
}

function misplaced(hint: string): KeyAnswer {
  return { severity: 'error', code: 'UNKNOWN_KEY', hint };
}

const DOCUMENT = new Map<string, KeyAnswer>([
  ['description', misplaced('write it as meta.description')],
  ['drift', misplaced('write it as policy.drift')],
  ['hooks', unsupported('a service that others wait for to complete does the same')],
  ['configs', unsupported('use files of a service')],
  ['include', unsupported()],
]);

const NODE = new Map<string, KeyAnswer>([['host', misplaced('write it as connection.host')]]);

/** Keys of a Compose service that have no place here yet. */
const UNSUPPORTED = 'credential_spec extends models post_start pre_stop provider use_api_socket'.split(' ');

const SERVICE = new Map<string, KeyAnswer>([
  ['env_file', unsupported('use env, with secret:// for secrets')],
  ['configs', unsupported('use files')],
  ['replicas', unsupported('one container runs for each service')],
  ['mode', unsupported()],
  ['label_file', unsupported('write the labels under labels')],
  ...UNSUPPORTED.map((key): [string, KeyAnswer] => [key, unsupported()]),
]);

const EMPTY = new Map<string, KeyAnswer>();

/** What to say about a key that the schema does not know, when there is more to say than that. */
export function answerKey(context: KeyContext, key: string): KeyAnswer | undefined {
  const answers = { document: DOCUMENT, meta: EMPTY, node: NODE, service: SERVICE, other: EMPTY };
  return answers[context].get(key);
}
