/** Longest name that is made here; what is put behind it stays below the 63 characters of a label. */
const MAX_LENGTH = 50;

/** Gives objects names that a cluster takes, each once for a type of node. */
export interface ObjectNames {
  /** The name for what a project calls so: the same as long as the cluster takes it and nobody else has it. */
  take(type: string, wanted: string): string;
}

export function createObjectNames(): ObjectNames {
  const taken = new Set<string>();
  return {
    take(type, wanted) {
      const base = toObjectName(wanted);
      for (let at = 1; ; at += 1) {
        const name = at === 1 ? base : `${base}-${at}`;
        if (taken.has(`${type}/${name}`)) continue;
        taken.add(`${type}/${name}`);
        return name;
      }
    },
  };
}

/** A name of lower-case letters, digits and hyphens that begins with a letter, as that of a Service has to. */
export function toObjectName(text: string): string {
  const plain = text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+/g, '');
  const named = /^[a-z]/.test(plain) ? plain : `x-${plain}`;
  return named.slice(0, MAX_LENGTH).replaceAll(/-+$/g, '');
}

/** A key that a configmap or a secret takes. */
export function toObjectKey(text: string): string {
  const key = text.replaceAll(/[^-._a-zA-Z0-9]+/g, '_').slice(0, 200);
  return key === '' || key === '.' || key === '..' ? 'file' : key;
}
