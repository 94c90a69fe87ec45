import type { AdoptionRequest, Sealer } from '../../../../reconciler/ports/adopt/adoption-draft.ts';
import type {
  ComposeProject,
  HostFile,
  HostPath,
} from '../../../../reconciler/ports/adopt/compose-projects.ts';

/** Seals so that a test can read it. */
export const sealForTest: Sealer = (value, recipients) =>
  Promise.resolve({
    text: `sealed ${JSON.stringify(new TextDecoder().decode(value))}`,
    recipients: recipients ?? 'age1test\n',
  });

/** The files of a host by absolute path. A text of `#n` is a file of n bytes. */
export function readFrom(files: Readonly<Record<string, string>>): AdoptionRequest['read'] {
  const fileOf = (text: string): HostFile => ({
    content: /^#\d+$/.test(text) ? new Uint8Array(Number(text.slice(1))) : new TextEncoder().encode(text),
    executable: false,
  });
  return (path, limits): Promise<HostPath> => {
    const text = files[path];
    if (text !== undefined) return Promise.resolve({ kind: 'file', file: fileOf(text) });
    const below = Object.entries(files)
      .filter(([name]) => name.startsWith(`${path}/`))
      .map(([name, content]) => [name.slice(path.length + 1), fileOf(content)] as const);
    if (below.length === 0) return Promise.resolve({ kind: 'missing' });
    const bytes = below.reduce((sum, [, { content }]) => sum + content.length, 0);
    const isTooLarge = bytes > limits.bytes || below.length > limits.files;
    return Promise.resolve(isTooLarge ? { kind: 'too-large' } : { kind: 'directory', files: new Map(below) });
  };
}

/** A project in `/srv/shop` with a container for each service. */
export function projectOf(services: readonly string[], more: Partial<ComposeProject> = {}): ComposeProject {
  return {
    name: 'shop',
    directory: '/srv/shop',
    files: ['/srv/shop/compose.yaml'],
    containers: services.map((service) => ({
      service,
      number: 1,
      name: `shop-${service}-1`,
      image: 'nginx',
      state: 'running',
    })),
    stack: null,
    ...more,
  };
}
