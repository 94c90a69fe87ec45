import { createAbortScope } from '../../../base/abort-scope.ts';
import { errorMessage, ReconcilerError, toCancelled } from '../../../base/errors.ts';
import type { Json } from '../../../base/json.ts';
import { asFields, asString } from '../../../base/values.ts';
import { addressOf } from '../../../model/registry.ts';
import { createMask } from '../../../model/secret.ts';
import type { ImagePush } from '../../../ports/builds/builds-images.ts';
import type { Adapter } from '../adapter.ts';
import { engineMessage } from '../engine/engine-errors.ts';
import { readJsonLines } from './pull-progress.ts';

/** A push that says nothing for this long is given up. */
const STALL_MS = 120_000;
const MAX_LINE_LENGTH = 500;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Pushes what the engine has under a reference. Resolves to its digest. Throws REGISTRY_UNAUTHORIZED, BUILD_FAILED, TARGET_UNREACHABLE. */
export async function pushImage(
  { engine }: Pick<Adapter, 'engine'>,
  { reference, registry, onLine }: ImagePush,
  until: AbortSignal,
): Promise<string> {
  using scope = createAbortScope({ signals: [until], timeoutMs: STALL_MS });
  const { host, username, password } = registry;
  const mask = createMask([{ password }]);
  const auth = { username, password: password.reveal(), serveraddress: addressOf(host) };
  try {
    let digest = '';
    const output = await engine.pushImage(reference, { auth, signal: scope.signal });
    for await (const line of readJsonLines(output)) {
      scope.touch();
      const { error, status, id, aux } = line as Readonly<Record<string, Json>>;
      if (typeof error === 'string') throw new Error(error);
      digest = asString(asFields(aux)?.['Digest']) ?? digest;
      // Progress of single layers would drown everything else.
      const layer = typeof id === 'string' ? `${id}: ` : '';
      if (typeof status === 'string' && (layer === '' || status === 'Pushed'))
        onLine(mask(`${layer}${status}`).slice(0, MAX_LINE_LENGTH));
    }
    if (!DIGEST.test(digest)) throw new Error('the engine tells no digest');
    return digest;
  } catch (error) {
    if (until.aborted) throw toCancelled(until, `push ${reference}`);
    if (error instanceof ReconcilerError && error.code === 'TARGET_UNREACHABLE') throw error;
    throw toPushError(reference, scope.timedOut ? 'no progress for two minutes' : mask(messageOf(error)));
  }
}

function messageOf(error: unknown): string {
  const cause = error instanceof ReconcilerError && error.cause !== undefined ? error.cause : error;
  return cause instanceof Error ? engineMessage(cause) : errorMessage(cause);
}

function toPushError(reference: string, text: string): ReconcilerError {
  const refused = /unauthori[sz]ed|denied|no basic auth credentials|authentication required/i.test(text);
  return refused
    ? new ReconcilerError(
        'REGISTRY_UNAUTHORIZED',
        `${reference} was not pushed: the registry refused: ${text}`,
      )
    : new ReconcilerError('BUILD_FAILED', `${reference} could not be pushed: ${text}`, { retryable: true });
}
