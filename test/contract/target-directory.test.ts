import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { directoryKind } from '../../examples/extending/directory-target.ts';
import type { DesiredResource } from '../../reconciler/model/resource.ts';
import { hashSpec, resourceId } from '../../reconciler/model/resource.ts';
import { realClock, silentLogger } from '../support/docker/target-options.ts';
import { describeCoreContract } from './target-core.ts';

/* The kind of EXTENDING.md keeps what every target has to keep. */
describeCoreContract('the example of EXTENDING.md', async () => {
  const path = await mkdtemp(join(tmpdir(), 'kombinator-directory-'));
  const readSecret = () => Promise.reject(new Error('no secret is asked for'));
  const parts = { clock: realClock, logger: silentLogger, readSecret };
  return {
    target: directoryKind.create({ name: 'www', connection: { path }, address: path }, parts),
    capabilities: [],
    async fresh() {
      const page = (text: string): DesiredResource => ({
        id: resourceId('www', 'page', 'home'),
        target: 'www',
        kind: 'page',
        name: 'home',
        spec: { page: text },
        hash: hashSpec({ page: text }, []),
        updatable: [],
        dependsOn: [],
        origin: { file: 'kombinations/site/kombination.yaml', line: 1, column: 1 },
      });
      return { stack: `t${randomBytes(4).toString('hex')}`, versions: [page('one'), page('two')] };
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
});
