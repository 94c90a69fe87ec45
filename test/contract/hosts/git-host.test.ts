import type { CommitStatus, GitHostKind, HookDelivery } from '../../../reconciler/ports/hosts/git-host.ts';
import { startHostDouble } from '../../support/hosts/host-double.ts';
import { HOSTS, openHost } from '../../support/hosts/host-suite.ts';
import { describeGitHostContract } from './git-host.ts';
import type { GitHostHarness } from './git-host-harness.ts';

type Traits = Pick<GitHostHarness, 'states' | 'hasReactions' | 'hasDeployments' | 'refOf' | 'forkRefOf'>;

const SAME: Readonly<Record<CommitStatus['state'], string>> = {
  pending: 'pending',
  success: 'success',
  failure: 'failure',
  error: 'error',
};

const USUAL: Traits = {
  states: SAME,
  hasReactions: true,
  hasDeployments: false,
  refOf: (pull) => `refs/pull/${pull}/head`,
  forkRefOf: (pull) => `refs/pull/${pull}/head`,
};

const TRAITS: Partial<Record<GitHostKind, Partial<Traits>>> = {
  github: { hasDeployments: true },
  bitbucket: {
    states: { pending: 'INPROGRESS', success: 'SUCCESSFUL', failure: 'FAILED', error: 'FAILED' },
    hasReactions: false,
    refOf: (pull) => `refs/heads/feature-${pull}`,
    forkRefOf: () => '',
  },
  gitlab: {
    states: { pending: 'pending', success: 'success', failure: 'failed', error: 'failed' },
    refOf: (pull) => `refs/merge-requests/${pull}/head`,
    forkRefOf: (pull) => `refs/merge-requests/${pull}/head`,
  },
};

for (const parts of HOSTS) {
  const unsign = (delivery: HookDelivery): HookDelivery => {
    const kept = Object.entries(delivery.headers).filter(([name]) => !parts.signatures.includes(name));
    return { ...delivery, headers: Object.fromEntries(kept) };
  };
  describeGitHostContract(parts.name, {
    ...USUAL,
    ...TRAITS[parts.kind],
    hookSecret: parts.hookSecret,
    start: () => startHostDouble(parts.dialect),
    open: (double, options) => openHost(parts, double, options),
    unsign,
    // One byte more, after what was signed; or one less, which is no JSON any more.
    forge: ({ body, ...delivery }) => ({
      ...delivery,
      body: parts.signsBody ? Buffer.concat([body, Buffer.from(' ')]) : body.subarray(0, -1),
    }),
  });
}
