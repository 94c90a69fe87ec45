import type { Command } from 'commander';
import { Option } from 'commander';
import type { Role } from '../../../reconciler/index.ts';
import { makeKey } from '../../auth/make-key.ts';
import { EXIT, UsageError } from '../terminal/failure.ts';
import type { Invocation } from '../invocation.ts';
import { present, remark } from '../invocation.ts';
import { noteChange } from '../session/note-change.ts';
import { showRows, showTime } from '../terminal/rows.ts';
import type { ProgramHooks } from '../program-hooks.ts';
import { on } from '../program-hooks.ts';

export function addKeys(program: Command, hooks: ProgramHooks): void {
  const keys = program
    .command('keys')
    .description('API keys of the daemon of this repository (--repo, or its --state-dir)');
  keys
    .command('list')
    .description('list names, roles and ids; keys themselves are not kept')
    .action(on(hooks, (invocation) => runKeysList(invocation)));
  keys
    .command('create')
    .description('make a key and print it once')
    .argument('<name>')
    .addOption(
      new Option('--role <role>', 'what it may do')
        .choices(['viewer', 'deployer', 'admin'])
        .default('viewer'),
    )
    .action(
      on(hooks, (invocation, options: { role: 'viewer' | 'deployer' | 'admin' }, name: string) =>
        runKeysCreate(invocation, name, options.role),
      ),
    );
  keys
    .command('revoke')
    .description('delete a key; it stops working at once')
    .argument('<id>')
    .action(on(hooks, (invocation, _options, id: string) => runKeysRevoke(invocation, id)));
}

async function runKeysList(invocation: Invocation): Promise<number> {
  await using store = await openKeys(invocation);
  const keys = store.listKeys().map(({ id, name, role, createdAt }) => ({ id, name, role, createdAt }));
  present(invocation, { keys }, () => {
    const rows = keys.map(({ id, name, role, createdAt }) => [
      id,
      name,
      role,
      showTime(invocation, createdAt),
    ]);
    return showRows(invocation, ['ID', 'NAME', 'ROLE', 'CREATED'], rows);
  });
  return EXIT.ok;
}

/** The key itself is printed here and nowhere else; only its hash is kept. */
async function runKeysCreate(invocation: Invocation, name: string, role: Role): Promise<number> {
  await using store = await openKeys(invocation);
  if (store.listKeys().some((key) => key.name === name)) {
    throw new UsageError(`there is a key named "${name}" already`, 'choose another name, or revoke that one');
  }
  const { key, record } = makeKey(name, role, invocation.now());
  const { id } = record;
  store.saveKey(record);
  noteChange(invocation, store, 'keys create', { id, name });
  present(invocation, { id, name, role, key }, () => key);
  remark(invocation, `key ${id} for ${name} (${role}); it is shown only now`);
  return EXIT.ok;
}

async function runKeysRevoke(invocation: Invocation, id: string): Promise<number> {
  await using store = await openKeys(invocation);
  const key = store.listKeys().find((candidate) => candidate.id === id);
  if (key === undefined)
    throw new UsageError(`there is no key "${id}"`, 'kombinator keys list shows the ids');
  store.deleteKey(id);
  noteChange(invocation, store, 'keys revoke', { id, name: key.name });
  present(
    invocation,
    { id, name: key.name, revoked: true },
    () => `${invocation.style.good('✓')} ${key.name} can no longer use the API`,
  );
  return EXIT.ok;
}

function openKeys(invocation: Invocation) {
  if (invocation.options.server !== undefined) {
    throw new UsageError(
      'keys are managed where the daemon runs',
      'leave out --server and give its --state-dir',
    );
  }
  return invocation.openKeys();
}
