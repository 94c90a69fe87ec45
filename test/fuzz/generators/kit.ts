import { stackkitSchema } from '../../../schemas/index.ts';
import type { Random } from '../../chaos/random.ts';
import type { Grammar } from '../grammar/draw.ts';
import type { MapPiece } from '../grammar/piece.ts';
import { map, memberOf, setMember, toPiece, value } from '../grammar/piece.ts';
import type { DrawnFile } from '../grammar/repair.ts';

/** A kit, and a stack that draws its services from it. */
export function drawKit(grammar: Grammar, random: Random): readonly DrawnFile[] {
  const piece = grammar.draw(stackkitSchema, random, random.pick([6, 8, 12, 25]));
  const kit = piece.is === 'map' ? piece : map();
  setMember(kit, 'name', value('house'));
  if (memberOf(kit, 'services') === undefined || random.chance(0.3))
    setMember(kit, 'services', grammar.drawMember(stackkitSchema, 'services', random, 30));
  if (namesIn(kit, 'services').length === 0) setMember(kit, 'services', toPiece(SERVICES));
  const names = namesIn(kit, 'services');
  tie(kit, names, random);
  const services = random.chance(0.3) ? ['traefik', 'postgres', 'vaultwarden'] : names;
  return [
    { name: 'stackkits/house/stackkit.yaml', content: kit },
    {
      name: 'kombinations/shop/kombination.yaml',
      content: drawUser(services, namesIn(kit, 'addons'), random),
    },
    ...(random.chance(0.6) ? [{ name: 'stackkits/other/stackkit.yaml', content: toPiece(OTHER) }] : []),
  ];
}

/** Gives services an image, and the kit a proxy that it has. */
function tie(kit: MapPiece, names: readonly string[], random: Random): void {
  const services = memberOf(kit, 'services');
  for (const { value: definition } of services?.is === 'map' ? services.entries : []) {
    if (definition.is !== 'map') continue;
    const service = memberOf(definition, 'service');
    if (service?.is !== 'map') setMember(definition, 'service', toPiece({ image: 'nginx:1.29' }));
    else if (memberOf(service, 'image') === undefined) setMember(service, 'image', value('nginx:1.29'));
  }
  if (names.length > 0 && random.chance(0.6))
    setMember(kit, 'proxy', toPiece({ service: random.pick(names), network: 'proxy' }));
}

function drawUser(services: readonly string[], addons: readonly string[], random: Random): MapPiece {
  const used = services.filter(() => random.chance(0.7));
  const settings = () => map([['config', toPiece(random.pick(SETTINGS))]]);
  const document = map([
    ['version', value('1.0')],
    [
      'stackkit',
      value(services[0] === 'traefik' ? 'base-kit' : random.pick(['house', 'house', 'house', 'other'])),
    ],
    ['meta', toPiece({ name: 'shop', domain: 'home.example.org', email: 'admin@example.org' })],
    [
      'services',
      map((used.length > 0 ? used : services).map((name) => [name, random.chance(0.5) ? map() : settings()])),
    ],
  ]);
  if (addons.length > 0 && random.chance(0.5)) setMember(document, 'addons', toPiece([random.pick(addons)]));
  return document;
}

function namesIn(kit: MapPiece, key: string): readonly string[] {
  const members = memberOf(kit, key);
  return members?.is === 'map' ? members.entries.map((entry) => entry.key) : [];
}

const SERVICES = { web: { description: 'A page.', service: { image: 'nginx:1.29' } } };
const SETTINGS: readonly unknown[] = [
  {},
  { password: 'secret://file/db-password' },
  { size: 1 },
  { __proto__: null, toString: 'x' },
  { a: ['b'] },
];
const OTHER = {
  name: 'other',
  version: '1.0',
  description: 'On top of the first.',
  extends: 'house',
  services: {
    extra: {
      description: 'More.',
      service: { image: 'nginx:1.29', env: { D: '{{domain}}', S: '{{stack}}' } },
    },
  },
};
