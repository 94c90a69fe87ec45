const AGE = /^(?:-----BEGIN AGE ENCRYPTED FILE-----|age-encryption\.org\/v1)/;
/** Metadata of SOPS in YAML, JSON, dotenv and INI. */
const SOPS = /^(?:["']?sops["']?:|\s*"sops":\s*\{|sops_version=|\[sops\])/m;
const OTHERS = /^\$ANSIBLE_VAULT;|-----BEGIN [A-Z0-9 ]*PRIVATE KEY|\bAGE-SECRET-KEY-1/;

/** Tells a text that is encrypted, or is a private key: it is shown to nobody, and changed where it was made. */
export function isSealed(text: string): boolean {
  return AGE.test(text) || SOPS.test(text) || OTHERS.test(text);
}
