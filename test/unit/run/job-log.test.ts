import { expect, it } from 'vitest';
import { container, createRig, file, stack } from '../../support/reconciler-rig.ts';
import type { Rig } from '../../support/reconciler-rig.ts';

const NEVER = new AbortController().signal;
const web = (image: string) => ({ web: `image: "${image}"` });
const told = ({ logger }: Rig) =>
  logger.lines.filter(({ message }) => /begins|ended|superseded|run failed/.test(message));
const messages = (rig: Rig) => told(rig).map(({ level, message }) => `${level} ${message}`);

it('tells when a deployment, a repair and a removal begin and end, and with what', async () => {
  await using rig = createRig({ secrets: { 'secret://env/PW': 'hunter2' } });
  const services = { web: 'image: "nginx:1.29", environment: { PW: "secret://env/PW" }' };
  const other = { [file('blog')]: stack('blog', web('nginx:1.28')) };
  const commit = rig.source.push({ [file('shop')]: stack('shop', services), ...other });
  await rig.reconciler.start();
  await rig.reaches('blog', 'in_sync');
  await rig.reaches('shop', 'in_sync');
  const ofShop = () => told(rig).filter(({ data }) => 'stack' in data && data.stack === 'shop');
  expect(ofShop()).toMatchObject([
    {
      level: 'info',
      message: 'a deployment begins',
      data: {
        trigger: 'push',
        revision: commit.slice(0, 10),
        plan: expect.stringMatching(/^Plan: \d to create/),
      },
    },
    {
      level: 'info',
      message: 'a deployment has ended',
      data: { status: 'completed', tag: 'deploy/shop/1', durationMs: expect.any(Number) as number },
    },
  ]);
  rig.engine().control.stop('shop', container('web'));
  await rig.ended('shop', 2);
  rig.source.push({ [file('shop')]: null });
  await rig.gone('shop');
  const rest = ofShop().slice(2);
  expect(rest.map(({ message }) => message)).toEqual([
    'a deployment begins',
    'a deployment has ended',
    'a removal begins',
    'a removal has ended',
  ]);
  expect(rest[0]?.data).toMatchObject({ trigger: 'drift' });
  expect(JSON.stringify(rig.logger.lines)).not.toContain('hunter2');
});

it('warns of a failure with its reason, and of no run that a newer revision supersedes', async () => {
  await using rig = createRig();
  rig.source.push({ [file('shop')]: stack('shop', web('nginx:1.28')) });
  rig.engine().control.delayMs = 100;
  await rig.reconciler.start();
  await rig.reaches('shop', 'applying');
  rig.source.push({ [file('shop')]: stack('shop', web('absent:1')) });
  await rig.reconciler.refresh(NEVER);
  await rig.ended('shop', 1);
  expect(messages(rig)).toEqual([
    'info a deployment begins',
    'info a deployment has ended',
    'info a run was superseded',
  ]);
  rig.engine().control.delayMs = 0;
  await rig.ended('shop', 2);
  await rig.reaches('shop', 'failed');
  const end = told(rig).findLast(({ message }) => message === 'a deployment has ended');
  expect(end?.data).toMatchObject({ status: 'failed', code: 'IMAGE_NOT_FOUND' });
  expect(messages(rig)).toContain('warn a run failed');
});
