import { clusterSchema, workflowSchema } from '../../../schemas/index.ts';
import type { Random } from '../../chaos/random.ts';
import type { Grammar } from '../grammar/draw.ts';
import type { MapPiece } from '../grammar/piece.ts';
import { list, map, memberOf, setMember, toPiece, value } from '../grammar/piece.ts';
import type { DrawnFile } from '../grammar/repair.ts';

/** A workflow, and the cluster that it is for. */
export function drawWorkflow(grammar: Grammar, random: Random): readonly DrawnFile[] {
  const size = random.pick([6, 10, 10, 25]);
  const piece = grammar.draw(workflowSchema, random, size);
  const document = piece.is === 'map' ? piece : map();
  setMember(document, 'name', value(random.pick(['shop', 'shop', 'constructor', 'then'])));
  setMember(document, 'cluster', value('prod'));
  if (random.chance(0.8)) setMember(document, 'status', value('published'));
  const ids = nameNodes(document, random);
  document.entries.splice(
    0,
    document.entries.length,
    ...document.entries.filter(({ key }) => key !== 'edges'),
  );
  if (ids.length > 1 && random.chance(0.7)) setMember(document, 'edges', drawEdges(ids, random));
  return [
    { name: random.chance(0.8) ? 'workflows/shop.yaml' : 'apps/shop.workflow.yaml', content: document },
    drawCluster(grammar, random),
    { name: 'workflows/conf/app.conf', content: 'x\n' },
  ];
}

/** Gives each node an id of its own, and objects a name that they may share. */
function nameNodes(document: MapPiece, random: Random): readonly string[] {
  const nodes = memberOf(document, 'nodes');
  const items = (nodes?.is === 'list' ? nodes.items : []).filter(
    (node): node is MapPiece => node.is === 'map',
  );
  const ids = items.map((_, index) =>
    random.chance(0.1) ? random.pick(['__proto__', 'constructor', 'toString']) : `n${index}`,
  );
  for (const [index, node] of items.entries()) {
    setMember(node, 'id', value(ids[index] ?? ''));
    const data = memberOf(node, 'data');
    if (data?.is === 'map' && memberOf(data, 'name') !== undefined && random.chance(0.7))
      setMember(data, 'name', value(random.pick(['app', 'web', `x${index}`])));
  }
  return ids;
}

/** Edges from nodes to later ones; now and then one that goes back, or nowhere. */
function drawEdges(ids: readonly string[], random: Random): ReturnType<typeof list> {
  return list(
    Array.from({ length: 1 + random.integer(ids.length) }, () => {
      const at = random.integer(ids.length - 1);
      const source = ids[at] ?? '';
      const target = random.chance(0.05) ? random.pick([...ids, 'nowhere']) : random.pick(ids.slice(at + 1));
      return toPiece({ source, target, ...(random.chance(0.1) ? { id: `e${at}` } : {}) });
    }),
  );
}

/** A cluster that is reached in one way. */
export function drawCluster(grammar: Grammar, random: Random): DrawnFile {
  const piece = grammar.draw(clusterSchema, random, 12);
  const cluster = piece.is === 'map' ? piece : map();
  const keys = new Set(WAYS.flatMap((way) => Object.keys(way)));
  cluster.entries.splice(0, cluster.entries.length, ...cluster.entries.filter(({ key }) => !keys.has(key)));
  for (const [key, member] of Object.entries(random.pick(WAYS))) setMember(cluster, key, value(member));
  if (memberOf(cluster, 'name') !== undefined) setMember(cluster, 'name', value('prod'));
  return { name: 'clusters/prod.yaml', content: cluster };
}

/** Ways to reach a cluster: keys that go together. */
const WAYS: readonly Readonly<Record<string, string | boolean>>[] = [
  { kubeconfig: '/etc/kube/config', context: 'prod' },
  { kubeconfig: 'secret://file/kubeconfig' },
  { server: 'https://10.0.0.9:6443', ca: '/etc/kube/ca.pem', token: 'secret://env/TOKEN' },
  {
    server: 'https://k.example.org',
    clientCertificate: 'secret://file/cert',
    clientKey: 'secret://file/key',
  },
  { inCluster: true },
];
