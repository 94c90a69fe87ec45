import { ReconcilerError } from '../../reconciler/base/errors.ts';
import { Secret } from '../../reconciler/model/secret.ts';
import type { Secrets } from '../../reconciler/ports/secrets.ts';
import { createFixedSecrets } from '../support/desired-fixtures.ts';

/** Secrets that have a value for each reference; those whose names begin with `no` are not there. */
export function createEverySecret(): Secrets {
  return {
    ...createFixedSecrets(),
    resolve(reference) {
      if (/\/no[^/]*$/.test(reference))
        throw new ReconcilerError('SECRET_NOT_FOUND', `there is no ${reference}`);
      return new Secret(`value of ${reference}`, reference);
    },
  };
}
