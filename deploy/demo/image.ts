import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type Docker from 'dockerode';
import { pack } from 'tar-stream';
import { findProgram, run } from './processes.ts';

export const DEMO_IMAGE = { repository: 'kombinator-demo/busybox', tag: '1' } as const;

/** Finds a busybox of the machine that runs in an empty image: one without shared libraries. */
export async function findStaticBusybox(): Promise<string | undefined> {
  const path = findProgram('busybox');
  if (path === undefined) return undefined;
  return isStatic(await readFile(path)) ? path : undefined;
}

/** An ELF program without an interpreter segment needs no dynamic linker. */
export function isStatic(program: Buffer): boolean {
  const isElf64 =
    program.length > 64 && program.readUInt32BE(0) === 0x7f454c46 && program[4] === 2 && program[5] === 1;
  if (!isElf64) return false;
  const start = Number(program.readBigUInt64LE(32));
  const size = program.readUInt16LE(54);
  const count = program.readUInt16LE(56);
  const PT_INTERP = 3;
  for (let index = 0; index < count; index++) {
    const offset = start + index * size;
    if (offset + 4 > program.length || program.readUInt32LE(offset) === PT_INTERP) return false;
  }
  return true;
}

/** Makes the demo's image out of busybox alone. Resolves to whether it had to be made. */
export async function ensureImage(docker: Docker, busybox: string): Promise<boolean> {
  const name = `${DEMO_IMAGE.repository}:${DEMO_IMAGE.tag}`;
  const present = await docker
    .getImage(name)
    .inspect()
    .then(() => true)
    .catch(() => false);
  if (present) return false;
  const root = await buildRoot(busybox);
  const response = await docker.importImage(Readable.from([root]), {
    repo: DEMO_IMAGE.repository,
    tag: DEMO_IMAGE.tag,
    changes: ['ENV PATH=/bin', 'CMD ["sh"]'],
  });
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(response, (error) => (error ? reject(error) : resolve()));
  });
  await docker.getImage(name).inspect();
  return true;
}

/** A file system with busybox, a link for each of its programs, and the few files they expect, as a tar. */
async function buildRoot(busybox: string): Promise<Buffer> {
  const programs = (await run(busybox, ['--list'])).split('\n').filter((name) => /^[\w[.-]+$/.test(name));
  const tar = pack();
  const common = { mtime: new Date(0), uid: 0, gid: 0 };
  for (const name of ['bin', 'etc', 'tmp', 'www']) {
    tar.entry({ ...common, name: `${name}/`, type: 'directory', mode: name === 'tmp' ? 0o1777 : 0o755 });
  }
  tar.entry({ ...common, name: 'bin/busybox', mode: 0o755 }, await readFile(busybox));
  for (const name of programs.filter((name) => name !== 'busybox')) {
    tar.entry({ ...common, name: `bin/${name}`, type: 'symlink', linkname: 'busybox' });
  }
  tar.entry(
    { ...common, name: 'etc/passwd', mode: 0o644 },
    'root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n',
  );
  tar.entry({ ...common, name: 'etc/group', mode: 0o644 }, 'root:x:0:\nnogroup:x:65534:\n');
  tar.finalize();
  return buffer(tar);
}
