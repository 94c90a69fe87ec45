import { own } from '../../../reconciler/index.ts';
import type { Command } from 'commander';
import planSchema from '../../../schemas/plan.schema.json' with { type: 'json' };
import { bundleSchema } from '../../../schemas/bundle.ts';
import {
  clusterSchema,
  daemonSchema,
  kombinationSchema,
  nodeSchema,
  pluginSchema,
  repositorySchema,
  stackkitSchema,
  workflowSchema,
} from '../../../schemas/index.ts';
import { EXIT, nearestName, UsageError } from '../terminal/failure.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { ProgramHooks } from '../program-hooks.ts';

/** Schemas of what a repository may hold and what the command answers, by the name they are asked for. */
const SCHEMAS: Readonly<Record<string, { readonly $id: string }>> = {
  cluster: clusterSchema,
  daemon: daemonSchema,
  kombination: kombinationSchema,
  node: nodeSchema,
  plan: planSchema,
  plugin: pluginSchema,
  repository: repositorySchema,
  stackkit: stackkitSchema,
  workflow: workflowSchema,
};

export function addSchema(program: Command, hooks: ProgramHooks): void {
  program
    .command('schema')
    .description('print a JSON Schema of what a repository may hold; without a name, the names')
    .argument('[name]', 'daemon, kombination, node, plan, plugin, repository or stackkit')
    .action((name: string | undefined) => hooks.exit(runSchema(hooks.terminal, name)));
}

/**
 * Prints a JSON Schema that needs no other, for editors (`# yaml-language-server: $schema=…`) and other tools; without a
 * name, the names.
 */
function runSchema(terminal: Terminal, name: string | undefined): number {
  const names = Object.keys(SCHEMAS);
  if (name === undefined) {
    terminal.out(names.join('\n'));
    return EXIT.ok;
  }
  const schema = own<object>(SCHEMAS, name);
  if (schema === undefined) {
    const near = nearestName(name, names);
    const known = `known schemas: ${names.join(', ')}`;
    throw new UsageError(
      `there is no schema "${name}"`,
      near === undefined ? known : `did you mean ${near}? ${known}`,
    );
  }
  terminal.out(
    JSON.stringify(
      bundleSchema(
        { ...schema },
        Object.values(SCHEMAS).map((other) => ({ ...other })),
      ),
      null,
      2,
    ),
  );
  return EXIT.ok;
}
