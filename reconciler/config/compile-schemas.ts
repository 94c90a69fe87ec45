import { Ajv2020 } from 'ajv/dist/2020.js';
import clusterSchema from '../../schemas/cluster.schema.json' with { type: 'json' };
import daemonSchema from '../../schemas/daemon.schema.json' with { type: 'json' };
import kombinationSchema from '../../schemas/kombination.schema.json' with { type: 'json' };
import nodeSchema from '../../schemas/node.schema.json' with { type: 'json' };
import pluginSchema from '../../schemas/plugin.schema.json' with { type: 'json' };
import repositorySchema from '../../schemas/repository.schema.json' with { type: 'json' };
import stackkitSchema from '../../schemas/stackkit.schema.json' with { type: 'json' };
import workflowSchema from '../../schemas/workflow.schema.json' with { type: 'json' };
import type { NodeKinds } from '../model/node-kind.ts';
import { NO_NODE_KINDS } from '../model/node-kind.ts';
import type { DocumentKind, OwnDocumentKind, Validators } from './document-kind.ts';
import { isRegistered } from './document-kind.ts';
import { formTest } from './form-test.ts';

export const OWN_SCHEMAS = {
  cluster: clusterSchema,
  daemon: daemonSchema,
  kombination: kombinationSchema,
  node: nodeSchema,
  plugin: pluginSchema,
  repository: repositorySchema,
  stackkit: stackkitSchema,
  workflow: workflowSchema,
} as const satisfies Readonly<Record<OwnDocumentKind, { readonly $id: string }>>;

/** Values that `type` of a machine may have. */
export const NODE_TYPES: readonly string[] = kombinationSchema.$defs.nodeType.enum;

/**
 * Each schema is compiled when it is first needed, which takes a while. Those of registered kinds are compiled at once. Throws what a schema of
 * theirs has wrong.
 */
export function compileSchemas(kinds: NodeKinds = NO_NODE_KINDS): Validators {
  const ajv = createAjv();
  for (const schema of Object.values(OWN_SCHEMAS))
    ajv.addSchema(schema === nodeSchema ? withTypes(schema, [...kinds.keys()]) : schema);
  for (const [name, { connection }] of kinds) {
    const properties = { ...nodeSchema.properties, type: { const: name }, connection };
    ajv.addSchema({ ...nodeSchema, $id: idOf(`node:${name}`), properties });
    ajv.getSchema(idOf(`node:${name}`));
  }
  return (kind) => ajv.getSchema(idOf(kind));
}

/** @param code how validators are written; default: for this process alone */
export function createAjv(
  code: { readonly source?: boolean; readonly esm?: boolean; readonly optimize?: boolean } = {},
): Ajv2020 {
  const ajv = new Ajv2020({
    allErrors: true,
    verbose: true,
    allowUnionTypes: true,
    strictTypes: false,
    strictRequired: false,
    // The schemas are part of the program; tests check them.
    validateSchema: false,
    // A command checks a handful of documents: a validator that is soon there beats one that is polished.
    code: { optimize: false, regExp: formTest, ...code },
  });
  ajv.addVocabulary(['patternErrorMessage', 'patternErrorCode']);
  return ajv;
}

function idOf(kind: DocumentKind): string {
  return isRegistered(kind) ? `https://kombinator.io/registered/${kind.slice(5)}` : OWN_SCHEMAS[kind].$id;
}

/** The schema of nodes with further types: whoever misspells one is told of it. */
function withTypes(schema: typeof nodeSchema, types: readonly string[]): object {
  if (types.length === 0) return schema;
  const type = { enum: [...NODE_TYPES, ...types] };
  return { ...schema, properties: { ...schema.properties, type } };
}
