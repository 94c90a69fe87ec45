import { expect, it } from 'vitest';
import { formatPlan } from '../../reconciler/plan/format-plan.ts';
import { createRig } from '../support/reconciler-rig.ts';
import { renderTerminalSvg } from '../support/screens/ansi-svg.ts';

const SIGNAL = new AbortController().signal;

function shop(image: string, memory: string): string {
  return `version: "1.0"
meta: { name: shop }
policy: { sync: manual }
services:
  web:
    image: ${image}
    ports: ["8080:80"]
    depends_on: [db]
  db:
    image: postgres:17
    environment: { POSTGRES_PASSWORD: secret://env/SHOP_DB }
    volumes: ["data:/var/lib/postgresql/data"]
    resources: { memory: ${memory} }
volumes: { data: {} }
`;
}

it('docs/plan.svg, the picture in README.md, is a plan as it is printed today', async () => {
  await using rig = createRig({ secrets: { 'secret://env/SHOP_DB': 'hidden' } });
  rig.engine().control.engine.images.add('postgres:17');
  rig.source.push({ 'kombinations/shop/kombination.yaml': shop('nginx:1.28', '256m') });
  await rig.reconciler.start();
  await rig.reaches('shop', 'pending');
  await rig.apply('shop');
  rig.source.push({ 'kombinations/shop/kombination.yaml': shop('nginx:1.29', '512m') });
  await rig.reconciler.refresh(SIGNAL);

  const { plan } = await rig.reconciler.plan({ stack: 'shop', actor: null, trigger: 'cli' }, SIGNAL);
  const text = `$ kombinator plan\n${formatPlan({ ...plan, revision: '4f2c9e1'.padEnd(40, '0') }, { color: true })}`;

  await expect(renderTerminalSvg(text, 128)).toMatchFileSnapshot('../../docs/plan.svg');
});
