import { kombinationSchema, nodeSchema } from '../../../schemas/index.ts';
import type { Random } from '../../chaos/random.ts';
import type { Grammar } from '../grammar/draw.ts';
import type { MapPiece, Piece } from '../grammar/piece.ts';
import { map, memberOf, setMember, value } from '../grammar/piece.ts';
import type { DrawnFile } from '../grammar/repair.ts';

/** Some of these names every object has already; stacks may be called so. */
const STACKS = ['shop', 'shop', 'shop', 'constructor', 'then', 'prototype', 'name'];

/** A `kombination.yaml` of today's format or of the older one, with nodes and files that it may refer to. */
export function drawKombination(grammar: Grammar, random: Random): readonly DrawnFile[] {
  const content = drawDocument(grammar, random);
  return [
    { name: 'kombinations/shop/kombination.yaml', content },
    ...drawNodes(grammar, random),
    ...drawPatterns(random),
    ...FILES,
  ];
}

/** A `kombination.yaml` alone. */
export function drawDocument(grammar: Grammar, random: Random): MapPiece {
  const size = random.pick([3, 5, 8, 12, 25]);
  const piece = grammar.draw(kombinationSchema, random, size);
  const document = piece.is === 'map' ? piece : map();
  // The older format shares the schema; mixed, they are nothing at all.
  if (random.chance(0.8)) keepModern(document, random);
  if (memberOf(document, 'services') === undefined)
    setMember(document, 'services', grammar.drawMember(kombinationSchema, 'services', random, size));
  for (const service of servicesOf(document)) giveImage(service, random);
  return document;
}

function keepModern(document: MapPiece, random: Random): void {
  const kept = document.entries.filter(
    ({ key }) => MODERN.has(key) && (key !== 'stackkit' || random.chance(0.3)),
  );
  document.entries.splice(0, document.entries.length, ...kept);
  setMember(document, 'version', value('1.0'));
  const meta = memberOf(document, 'meta');
  if (meta?.is === 'map') setMember(meta, 'name', value(random.pick(STACKS)));
  else setMember(document, 'meta', map([['name', value(random.pick(STACKS))]]));
}

const MODERN = new Set(
  'version meta domain nodes services networks volumes configs secrets variables profiles hooks policy backup stackkit'.split(
    ' ',
  ),
);

function servicesOf(document: MapPiece): readonly MapPiece[] {
  const services = memberOf(document, 'services');
  const all =
    services?.is === 'map'
      ? services.entries.map((entry) => entry.value)
      : services?.is === 'list'
        ? services.items
        : [];
  return all.filter((piece: Piece): piece is MapPiece => piece.is === 'map');
}

function giveImage(service: MapPiece, random: Random): void {
  const isGiven = ['image', 'build', 'type', 'kind'].some((key) => memberOf(service, key) !== undefined);
  if (!isGiven && random.chance(0.95)) service.entries.unshift({ key: 'image', value: value('nginx:1.29') });
}

function drawNodes(grammar: Grammar, random: Random): readonly DrawnFile[] {
  // Reading them costs as much as reading the stack.
  return (random.chance(0.2) ? ['local', 'edge'] : []).map((name) => {
    const node = grammar.draw(nodeSchema, random, 12);
    if (node.is === 'map' && memberOf(node, 'name') !== undefined) setMember(node, 'name', value(name));
    return { name: `nodes/${name}.yaml`, content: node };
  });
}

/** Files of patterns that are held against the paths of others. */
function drawPatterns(random: Random): readonly DrawnFile[] {
  if (random.chance(0.8)) return [];
  const lines = Array.from({ length: 3 }, () => random.pick(PATTERNS));
  return [
    { name: '.gitattributes', content: lines.map((line) => `${line} filter=lfs`).join('\n') },
    { name: 'kombinations/shop/app/.dockerignore', content: lines.join('\n') },
    { name: `kombinations/shop/app/${'a'.repeat(200)}`, content: 'x' },
  ];
}

const PATTERNS = [
  '**',
  '*.bin',
  '!x',
  '[',
  '[a-',
  '\\',
  '**/**/**',
  `${'*a'.repeat(9)}b`,
  `**/${'a*'.repeat(9)}/**`,
  '../..',
  '#',
  ' ',
];
const FILES: readonly DrawnFile[] = [
  { name: 'kombinations/shop/conf/app.conf', content: 'listen ${PORT}; {{stack}} $x %{y}\n' },
  { name: 'kombinations/shop/app.env', content: 'A=1\nB=${A}\n__proto__=x\n' },
  { name: 'kombinations/shop/app/Dockerfile', content: 'FROM scratch\n' },
];
