import { join } from 'node:path';
import { Seal } from '../model/seal.ts';
import { createKeyFile } from './key-file.ts';

const WHEN_DAMAGED =
  'put it back from a copy of the state directory, or delete it: another is made then, and nothing is replaced';

/** The key of this state directory, in `digest.key`. Made when it is first used. What uses it throws STORE_UNAVAILABLE, BAD_OPTIONS. */
export function openSeal(stateDir: string): Seal {
  return new Seal(createKeyFile(join(stateDir, 'digest.key'), WHEN_DAMAGED));
}
