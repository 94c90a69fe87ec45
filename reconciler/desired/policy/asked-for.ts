import type { Analysis } from '../../config/kombination/analyze.ts';
import { analyze } from '../../config/kombination/analyze.ts';
import { readClusterDocument } from '../../config/fleet/cluster-document.ts';
import { readNodeDocument, readSettingsDocument } from '../../config/fleet/config-documents.ts';
import { analyzeWorkflow } from '../../config/workflow/analyze-workflow.ts';
import type { AskedFor, Need } from '../../model/operator-policy.ts';
import { canBeAllowed, missingGrants, OPEN_POLICY } from '../../model/operator-policy.ts';
import { refusedConnection } from '../../model/policy-connections.ts';
import type { TargetReference } from '../../model/target.ts';
import { manifestNeeds } from '../manifests/stack-manifests.ts';
import { createLookup, placesOf, textsOf } from '../render-stack.ts';
import { readSmall } from '../repository-state.ts';
import type { StackEntry } from '../stack-index.ts';
import type { Core } from '../state.ts';
import { isWorkflowFile } from '../workflow.ts';

/** Reads the repository once more as if everything were allowed, and holds what it asks for against the policy. */
export async function askedFor(core: Core, signal: AbortSignal): Promise<AskedFor> {
  const { index, policy } = core;
  const stacks = new Map<string, readonly Need[]>();
  const connections = new Set<string>();
  const keyFiles = new Set<string>();
  const lookup = createLookup(core);
  for (const file of index.files()) {
    const entry = index.entryOf(file);
    if (!entry || entry.text === null) continue;
    const { needs, targets } = readOpenly(core, entry, entry.text);
    const all = [...needs, ...manifestNeeds(core, entry, lookup)];
    const missing = missingGrants(policy, entry.name, all).filter(canBeAllowed);
    if (missing.length > 0) stacks.set(entry.name, [...(stacks.get(entry.name) ?? []), ...missing]);
    for (const target of targets) {
      const refused = refusedConnection(policy, target);
      for (const address of refused?.allow.connections ?? []) connections.add(address);
      for (const path of refused?.allow.keyFiles ?? []) keyFiles.add(path);
    }
  }
  const shared = await readShared(core, signal);
  // A list replaces the one in force.
  const addresses = connections.size === 0 ? [] : [...policy.connections, ...connections];
  return { stacks, connections: addresses, keyFiles: [...keyFiles], ...shared };
}

interface Open {
  readonly needs: readonly Need[];
  /** Targets whose connection stands in the stack itself. */
  readonly targets: readonly TargetReference[];
}

function readOpenly(core: Core, { file, routesThrough, ...entry }: StackEntry, text: string): Open {
  const { tree, nodes, kits, plugins } = core.state;
  const { checkSchema } = core;
  if (isWorkflowFile(file)) {
    const { needs } = analyzeWorkflow({
      file,
      text,
      tree,
      checkSchema,
      policy: OPEN_POLICY,
      plugins: plugins.catalogue,
    });
    return { needs, targets: [] };
  }
  const analysis: Analysis = analyze({
    file,
    text,
    tree,
    nodes: nodes.references,
    kits: kits.catalogue,
    checkSchema,
    policy: OPEN_POLICY,
    ...textsOf(entry),
    ...placesOf(routesThrough === undefined ? {} : { routesThrough }),
  });
  const own = new Set(
    analysis.kombination.nodes.flatMap(({ name, connection }) => (connection ? [name] : [])),
  );
  return { needs: analysis.needs, targets: analysis.targets.filter(({ name }) => own.has(name)) };
}

/** The files of nodes and clusters, and `kombinator.yaml`. */
async function readShared(
  core: Core,
  signal: AbortSignal,
): Promise<Pick<AskedFor, 'targets' | 'registries'>> {
  const { policy, state } = core;
  const open = { ...core, policy: OPEN_POLICY };
  const { blobs } = state.nodes;
  const settings = state.settings.blob;
  const wanted = [...blobs.values(), settings ?? ''].filter((blob) => blob !== '');
  const texts = await readSmall(wanted, { ...core, signal });
  const targets: TargetReference[] = [];
  for (const [file, blob] of blobs) {
    const text = texts.get(blob);
    if (typeof text !== 'string') continue;
    const isCluster = file.startsWith('clusters/');
    const { name, reference } = (isCluster ? readClusterDocument : readNodeDocument)(file, text, open);
    const key = isCluster ? `clusters/${name}` : name;
    if (reference && !policy.targets.has(key) && refusedConnection(policy, reference))
      targets.push(reference);
  }
  const text = settings === null ? undefined : texts.get(settings);
  if (typeof text !== 'string') return { targets, registries: [] };
  const used = new Set(state.settings.document.registries.map(({ host }) => host));
  const { registries } = readSettingsDocument('kombinator.yaml', text, open);
  return { targets, registries: registries.map(({ host }) => host).filter((host) => !used.has(host)) };
}
