import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Diagnostic } from '../../reconciler/base/diagnostic.ts';
import { readDaemonConfig } from '../../reconciler/daemon/daemon-config.ts';
import type { OperatorPolicy } from '../../reconciler/model/operator-policy.ts';
import { homePolicy } from '../../reconciler/model/operator-policy.ts';
import { checkSchema, createDesiredFixture } from './desired-fixtures.ts';
import type { MemoryFiles } from './memory/memory-source.ts';

const FILE = 'kombinations/shop/kombination.yaml';
const HEAD = 'version: "1.0"\nmeta: { name: shop }\n';

/** The stack `shop` with these lines. */
export const shop = (rest: string): MemoryFiles => ({ [FILE]: `${HEAD}${rest}` });

/** The stack `shop` with one service `web` that has these keys. */
export const shopWith = (keys: string): MemoryFiles => shop(`services:\n  web: { image: a, ${keys} }\n`);

/** Reads the policy of an operator's configuration. */
export function readPolicy(text: string): OperatorPolicy {
  const directory = mkdtempSync(join(tmpdir(), 'kombinator-policy-'));
  try {
    const path = join(directory, 'operator.yaml');
    writeFileSync(path, text);
    return readDaemonConfig(path, checkSchema).policy;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Everything of these files that a policy does not allow. */
export async function refusals(
  files: MemoryFiles,
  policy: OperatorPolicy = homePolicy(),
): Promise<readonly Diagnostic[]> {
  const fixture = createDesiredFixture({ policy, secrets: { 'secret://env/TOKEN': 'sesame' } });
  await fixture.push(files);
  return fixture.state.diagnostics().filter(({ code }) => code === 'NOT_ALLOWED');
}

/** The line for the stack `shop` that a hint names. */
export function lineOf(hint = ''): string {
  const [, line = ''] = /policy: \{ stacks: \{ shop: \{ (.*) \} \} \}$/.exec(hint) ?? [];
  return line;
}
