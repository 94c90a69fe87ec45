import { ReconcilerError } from '../../base/errors.ts';
import { showLine } from '../../base/shown-text.ts';
import type { Vault } from '../../ports/vault.ts';
import { givenSecret } from '../../ports/vault.ts';
import type { GivenSecretOperations } from '../../public/given-secrets.ts';

/** The form of a file's name in `secrets/` of the state directory. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** Values that come at once: each is a file, and is on the disk before the next. */
const MAX_VALUES = 200;

export function createGivenSecrets(vault: Vault): GivenSecretOperations {
  return {
    forgetSecrets(stack) {
      for (const entry of vault.names(givenSecret(`${stack}.`))) vault.delete(entry);
    },
    giveSecrets(values) {
      const wrong = [...values.keys()].filter((name) => !NAME.test(name));
      if (wrong.length > 0) {
        const message = `not names of secrets: ${wrong.slice(0, 5).map(showLine).join(', ')}; letters, digits, "_", "-" and "." only`;
        throw new ReconcilerError('BAD_OPTIONS', message);
      }
      if (values.size > MAX_VALUES) {
        const message = `${values.size} values are given; ${MAX_VALUES} at once are the most`;
        throw new ReconcilerError('BAD_OPTIONS', message);
      }
      const given = [...values].map(([name, value]) => {
        const entry = givenSecret(name);
        return { entry, value, was: vault.get(entry)?.reveal() };
      });
      const before = given.filter(({ value, was }) => value !== was);
      for (const { entry, value } of before) vault.put(entry, value);
      return () => {
        for (const { entry, value, was } of before) {
          if (vault.get(entry)?.reveal() !== value) continue;
          if (was === undefined) vault.delete(entry);
          else vault.put(entry, was);
        }
      };
    },
  };
}
