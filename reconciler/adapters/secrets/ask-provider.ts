import { untilAborted, withAbortScope } from '../../base/abort-scope.ts';
import { errorMessage, isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import { Secret } from '../../model/secret.ts';
import { BUILT_IN_SECRET_STORES } from '../../model/secret-reference.ts';
import type { SecretProvider } from '../../ports/secret-provider.ts';
import type { Secrets } from '../../ports/secrets.ts';

const NAME = /^[a-z]+$/;
const TIMEOUT_MS = 10_000;

/** Providers by name. Throws BAD_OPTIONS for a name that cannot stand in a reference, or is taken. */
export function createProviders(
  list: readonly SecretProvider[],
  timeoutMs = TIMEOUT_MS,
): Pick<Secrets, 'providers' | 'ask'> {
  const byName = new Map<string, SecretProvider>();
  for (const provider of list) {
    const { name } = provider;
    const refuse = (reason: string) =>
      new ReconcilerError('BAD_OPTIONS', `the secrets provider ${JSON.stringify(name)} ${reason}`);
    if (!NAME.test(name)) throw refuse('needs a name of lower-case letters');
    if (BUILT_IN_SECRET_STORES.includes(name)) throw refuse('has the name of one that comes along');
    if (byName.has(name)) throw refuse('is given twice');
    byName.set(name, provider);
  }
  return {
    providers: [...byName.keys()].sort(),
    async ask(name, path, signal) {
      const reference = `secret://${name}/${path}`;
      const notFound = (reason: string) =>
        new ReconcilerError('SECRET_NOT_FOUND', `no secret ${JSON.stringify(reference)}: ${reason}`);
      const provider = byName.get(name);
      if (provider === undefined) throw notFound(`there is no provider ${name}`);
      const late = `${reference}: the provider ${name} did not answer within ${timeoutMs} ms`;
      const timeoutReason = () => new ReconcilerError('SECRET_TIMEOUT', late, { retryable: true });
      const scope = { signals: [signal], timeoutMs, timeoutReason };
      const value = await withAbortScope(scope, async (both) =>
        untilAborted(provider.read(path, both), both),
      ).catch((error: unknown) => {
        signal.throwIfAborted();
        if (isReconcilerError(error, 'SECRET_TIMEOUT')) throw error;
        throw notFound(`the provider ${name} failed: ${errorMessage(error)}`);
      });
      if (value === undefined || value.length === 0) throw notFound(`the provider ${name} has none`);
      return new Secret(value, reference);
    },
  };
}
