import { canonicalJson, sha256 } from '../../base/json.ts';

/** Differs whenever one of the parts does. */
export function fingerprint(parts: readonly string[]): string {
  return sha256(canonicalJson(parts)).slice(0, 32);
}
