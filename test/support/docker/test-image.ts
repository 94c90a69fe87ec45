import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { engineJson } from './docker-engine.ts';

const APPLETS =
  'sh httpd wget sleep nc cat head echo ls stat id env touch test true false mkdir rm rmdir mv chmod chown sync ln'.split(
    ' ',
  );

export interface TestImageOptions {
  /** More files by absolute path; makes images of one tag differ. */
  readonly files?: Readonly<Record<string, string>>;
  /** Symbolic links in the root directory, name to target. */
  readonly links?: Readonly<Record<string, string>>;
  /** Dockerfile instructions, `CMD ["sleep","100"]`. */
  readonly changes?: readonly string[];
}

/**
 * Puts an image into an engine without any network: the static busybox of the machine with its applets as links
 * in `/bin`. Resolves to the image id.
 *
 * @param host `unix:///…` of the engine
 */
export async function buildTestImage(
  host: string,
  tag: string,
  options: TestImageOptions = {},
): Promise<string> {
  const archive = pack();
  for (const directory of ['bin', 'etc', 'tmp', 'www']) {
    archive.entry({ name: directory, type: 'directory', mode: directory === 'tmp' ? 0o1777 : 0o755 });
  }
  archive.entry({ name: 'bin/busybox', mode: 0o755 }, await readFile('/bin/busybox'));
  for (const applet of APPLETS) {
    archive.entry({ name: `bin/${applet}`, type: 'symlink', linkname: 'busybox' });
  }
  archive.entry({ name: 'etc/passwd' }, 'root:x:0:0:root:/:/bin/sh\nweb:x:1000:1000:web:/:/bin/sh\n');
  archive.entry({ name: 'etc/group' }, 'root:x:0:\nweb:x:1000:\n');
  for (const [path, content] of Object.entries(options.files ?? {})) {
    archive.entry({ name: path.replace(/^\//, '') }, content);
  }
  for (const [name, linkname] of Object.entries(options.links ?? {})) {
    archive.entry({ name, type: 'symlink', linkname });
  }
  archive.finalize();
  const separator = tag.lastIndexOf(':') > tag.lastIndexOf('/') ? tag.lastIndexOf(':') : tag.length;
  const query = new URLSearchParams({ fromSrc: '-', repo: tag.slice(0, separator) });
  query.set('tag', tag.slice(separator + 1) || 'latest');
  for (const change of ['CMD ["sh"]', 'ENV PATH=/bin', ...(options.changes ?? [])])
    query.append('changes', change);
  const socketPath = host.replace('unix://', '');
  await engineJson(socketPath, 'POST', `/images/create?${query.toString()}`, await buffer(archive));
  const image = await engineJson<{ Id: string }>(socketPath, 'GET', `/images/${tag}/json`);
  return image.Id;
}
