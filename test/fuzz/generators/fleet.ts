import { nodeSchema, repositorySchema } from '../../../schemas/index.ts';
import type { Random } from '../../chaos/random.ts';
import type { Grammar } from '../grammar/draw.ts';
import type { MapPiece, Piece } from '../grammar/piece.ts';
import { map, memberOf, setMember, toPiece, value } from '../grammar/piece.ts';
import type { DrawnFile } from '../grammar/repair.ts';
import { drawDocument } from './kombination.ts';
import { drawCluster } from './workflow.ts';

/** Clusters, machines and the settings of a repository, and a stack that is on all of them. */
export function drawFleet(grammar: Grammar, random: Random): readonly DrawnFile[] {
  const cluster = drawCluster(grammar, random);
  const node = { name: 'nodes/edge.yaml', content: drawNode(grammar, random) };
  const settings = { name: 'kombinator.yaml', content: drawSettings(grammar, random) };
  const files = [cluster, node, settings];
  // The first one is changed most often.
  const first = random.pick(files);
  return [
    first,
    ...files.filter((file) => file !== first),
    { name: 'kombinations/shop/kombination.yaml', content: drawStack(grammar, random) },
  ];
}

function drawSettings(grammar: Grammar, random: Random): Piece {
  const settings = grammar.draw(repositorySchema, random, 15);
  // Most globs leave out everything.
  if (settings.is !== 'map' || random.chance(0.1)) return settings;
  const globs = new Set(['include', 'exclude']);
  settings.entries.splice(
    0,
    settings.entries.length,
    ...settings.entries.filter(({ key }) => !globs.has(key)),
  );
  if (random.chance(0.3))
    setMember(
      settings,
      'include',
      toPiece([random.pick(['**', '**/*.yaml', 'kombinations/*/kombination.yaml'])]),
    );
  return settings;
}

function drawNode(grammar: Grammar, random: Random): MapPiece {
  const piece = grammar.draw(nodeSchema, random, 12);
  const node = piece.is === 'map' ? piece : map();
  if (memberOf(node, 'name') !== undefined) setMember(node, 'name', value('edge'));
  return node;
}

function drawStack(grammar: Grammar, random: Random): MapPiece {
  const document = random.chance(0.5) ? drawDocument(grammar, random) : toPiece(SMALL);
  if (document.is !== 'map') return map();
  setMember(document, 'nodes', toPiece(random.pick(NODES)));
  const services = memberOf(document, 'services');
  const all = services?.is === 'map' ? services.entries.map((entry) => entry.value) : [];
  for (const service of services?.is === 'list' ? services.items : all)
    if (service.is === 'map') setMember(service, 'node', value(random.pick(['edge', 'prod'])));
  return document;
}

const SMALL = {
  version: '1.0',
  meta: { name: 'shop' },
  services: {
    web: {
      image: 'nginx:1.29',
      ports: ['8080:80'],
      volumes: ['data:/data'],
      env: { A: 'secret://env/TOKEN' },
    },
    db: { image: 'postgres:17' },
  },
};
const NODES: readonly unknown[] = [
  [{ name: 'edge' }, { name: 'prod', type: 'kubernetes' }],
  [{ name: 'prod', type: 'kubernetes', namespace: 'shop', publish: 'node-port' }, { name: 'edge' }],
  [
    { name: 'edge', connection: { host: '10.0.0.5', user: 'root' } },
    { name: 'prod', type: 'kubernetes', cluster: 'prod', storageClass: 'fast' },
  ],
];
