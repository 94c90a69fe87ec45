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

function ignored(hint: string): KeyAnswer {
  return { severity: 'warning', code: 'UNSUPPORTED_KEY', hint };
}

function misplaced(hint: string): KeyAnswer {
  return { severity: 'error', code: 'UNKNOWN_KEY', hint };
}

const DOCUMENT = new Map<string, KeyAnswer>([
  ['description', misplaced('write it as meta.description')],
  ['drift', misplaced('write it as policy.drift')],
  ['sync', misplaced('write it as policy.sync')],
  ['prune', misplaced('write it as policy.prune')],
  ['depends_on', misplaced('did you mean dependsOn?')],
  ['models', unsupported('run the model in a service of its own')],
]);

const NODE = new Map<string, KeyAnswer>([['host', misplaced('write it as connection.host')]]);

const SERVICE = new Map<string, KeyAnswer>([
  ['replicas', misplaced('write it as scale, or as deploy.replicas')],
  ['mode', unsupported()],
  ['pull_refresh_after', ignored('say pull_policy: always to look for a newer image at every deployment')],
  ['credential_spec', ignored('it is for Windows')],
  ['models', unsupported('run the model in a service of its own')],
  ['provider', unsupported('say what it provides as a service, or use a program of your own in hooks')],
  ['use_api_socket', unsupported('mount /var/run/docker.sock')],
]);

const EMPTY = new Map<string, KeyAnswer>();

/** Returns what to say about a key that the schema does not know, when there is more to say than that. */
export function answerKey(context: KeyContext, key: string): KeyAnswer | undefined {
  const answers = { document: DOCUMENT, meta: EMPTY, node: NODE, service: SERVICE, other: EMPTY };
  return answers[context].get(key);
}
