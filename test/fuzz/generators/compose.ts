import { kombinationSchema } from '../../../schemas/index.ts';
import type { Random } from '../../chaos/random.ts';
import type { Grammar } from '../grammar/draw.ts';
import type { MapPiece, Piece } from '../grammar/piece.ts';
import { map, memberOf, raw, setMember, toPiece, value } from '../grammar/piece.ts';
import type { DrawnFile } from '../grammar/repair.ts';

/** Keys of a service of a kombination that a Compose file does not have. */
const OURS = new Set(
  'name enabled node env files needs resources type kind restartPolicy environmentSecrets network storage preferred_node database route config'.split(
    ' ',
  ),
);
const DIRECTORY = 'kombinations/shop';

/** A kombination that adopts a Compose file, with what that file may include, extend and read. */
export function drawCompose(grammar: Grammar, random: Random): readonly DrawnFile[] {
  const main = drawProject(grammar, random);
  const files: DrawnFile[] = [
    { name: `${DIRECTORY}/compose.yaml`, content: main },
    { name: `${DIRECTORY}/base.yaml`, content: drawProject(grammar, random) },
    { name: `${DIRECTORY}/.env`, content: random.pick(ENVIRONMENTS) },
    { name: `${DIRECTORY}/app.env`, content: random.pick(ENVIRONMENTS) },
    { name: `${DIRECTORY}/conf/app.conf`, content: 'listen ${PORT}\n' },
    { name: `${DIRECTORY}/Dockerfile`, content: 'FROM scratch\n' },
  ];
  if (random.chance(0.3))
    files.push({ name: `${DIRECTORY}/compose.override.yaml`, content: drawProject(grammar, random) });
  return [...files, { name: `${DIRECTORY}/kombination.yaml`, content: drawAdopting(grammar, random, main) }];
}

function drawProject(grammar: Grammar, random: Random): MapPiece {
  const size = random.pick([2, 4, 6, 12, 25]);
  const services = grammar.drawMember(kombinationSchema, 'services', random, size);
  const project = map([['services', toMap(services)]]);
  for (const { value: service } of toMap(services).entries)
    if (service.is === 'map') speakCompose(service, random);
  for (const key of ['networks', 'volumes', 'configs', 'secrets'])
    if (random.chance(0.35)) setMember(project, key, grammar.drawMember(kombinationSchema, key, random, 8));
  if (random.chance(0.2)) setMember(project, 'name', value(random.pick(['shop', 'other', '${NAME:-shop}'])));
  if (random.chance(0.1)) setMember(project, 'include', toPiece(random.pick(INCLUDES)));
  if (random.chance(0.1)) setMember(project, 'x-common', map([['restart', value('always')]]));
  return project;
}

/** Services in a list are a form of ours. */
function toMap(services: Piece): MapPiece {
  if (services.is === 'map') return services;
  const items = services.is === 'list' ? services.items : [];
  return map(items.map((item, index) => [`service${index}`, item.is === 'map' ? item : map()]));
}

function speakCompose(service: MapPiece, random: Random): void {
  service.entries.splice(0, service.entries.length, ...service.entries.filter(({ key }) => !OURS.has(key)));
  if (memberOf(service, 'image') === undefined) setMember(service, 'image', value(random.pick(IMAGES)));
  // Variables may stand anywhere.
  for (const entry of service.entries)
    if (entry.value.is === 'value' && random.chance(0.15)) entry.value = value(random.pick(VARIABLES));
  if (random.chance(0.1)) setMember(service, 'extends', toPiece(random.pick(EXTENDS)));
  if (random.chance(0.05)) service.entries.unshift({ key: '<<', value: raw('{restart: always}') });
}

function drawAdopting(grammar: Grammar, random: Random, main: MapPiece): MapPiece {
  const document = map([
    ['version', value('1.0')],
    ['meta', map([['name', value(random.pick(['shop', 'shop', 'constructor']))]])],
    ['compose', toPiece(random.pick(ADOPTED))],
  ]);
  if (random.chance(0.4))
    setMember(document, 'variables', grammar.drawMember(kombinationSchema, 'variables', random, 5));
  if (random.chance(0.2)) setMember(document, 'profiles', toPiece(['some']));
  if (random.chance(0.3)) {
    const services = grammar.drawMember(kombinationSchema, 'services', random, 15);
    const names = toMap(memberOf(main, 'services') ?? map()).entries.map(({ key }) => key);
    // Keys of ours for services of the Compose file.
    const [first] = services.is === 'map' ? services.entries : [];
    const [name] = names;
    if (first && name !== undefined) setMember(document, 'services', map([[name, first.value]]));
  }
  return document;
}

const IMAGES = [
  'nginx:1.29',
  'nginx:${TAG:-1.29}',
  '${IMAGE:-nginx}',
  'registry.example.org/app@sha256:' + 'a'.repeat(64),
];
const VARIABLES = [
  '${A}',
  '$A',
  '${A:-x}',
  '${A-}',
  '${A:?must be set}',
  '${A:+x}',
  '${A:-${B:-c}}',
  '$$A',
  '${B}${A}',
  'x${toString}',
];
const EXTENDS: readonly unknown[] = [
  'web',
  { service: 'db' },
  { file: 'base.yaml', service: 'web' },
  { file: 'compose.yaml', service: 'web' },
];
const INCLUDES: readonly unknown[] = [
  ['base.yaml'],
  [{ path: 'base.yaml', env_file: 'app.env' }],
  [{ path: ['base.yaml'], project_directory: 'conf' }],
];
const ADOPTED: readonly unknown[] = [
  'compose.yaml',
  'compose.yaml',
  'compose.yaml',
  ['compose.yaml', 'base.yaml'],
];
const ENVIRONMENTS: readonly string[] = [
  'A=1\nB=2\n',
  'A=${B}\nB=${A}\nTAG=1.29\n',
  'export A="x\\ny"\nB=\'$A\'\n# c\nC\n',
  '__proto__=x\nconstructor=y\ntoString=z\n',
  'A="unterminated\nB=1\n',
  'COMPOSE_FILE=base.yaml\nCOMPOSE_PROFILES=some\nCOMPOSE_PROJECT_NAME=x\n',
];
