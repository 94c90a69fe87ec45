/** The JSON Schemas (2020-12) of everything that a config repository may hold, and the kits that come along. */
import baseKit from './kits/base-kit/stackkit.json' with { type: 'json' };
import clusterSchema from './cluster.schema.json' with { type: 'json' };
import haKit from './kits/ha-kit/stackkit.json' with { type: 'json' };
import modernHomelab from './kits/modern-homelab/stackkit.json' with { type: 'json' };
import daemonSchema from './daemon.schema.json' with { type: 'json' };
import kombinationSchema from './kombination.schema.json' with { type: 'json' };
import nodeSchema from './node.schema.json' with { type: 'json' };
import pluginSchema from './plugin.schema.json' with { type: 'json' };
import repositorySchema from './repository.schema.json' with { type: 'json' };
import stackkitSchema from './stackkit.schema.json' with { type: 'json' };
import workflowSchema from './workflow.schema.json' with { type: 'json' };

export const kits = [baseKit, haKit, modernHomelab];
export {
  clusterSchema,
  daemonSchema,
  kombinationSchema,
  nodeSchema,
  pluginSchema,
  repositorySchema,
  stackkitSchema,
  workflowSchema,
};
