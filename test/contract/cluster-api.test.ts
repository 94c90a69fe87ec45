import { inject } from 'vitest';
import { openRealCluster, startClusterDouble } from '../support/kubernetes/cluster-double.ts';
import { describeApiAnswers } from './api-answers.ts';
import { describeClusterAnswers } from './cluster-answers.ts';
import { describeClusterContract } from './cluster.ts';

describeClusterContract('API double', startClusterDouble);
describeClusterAnswers('API double', startClusterDouble);
describeApiAnswers('API double', startClusterDouble);

const real = inject('kubernetes');
if (real !== null) {
  describeClusterContract(real.title, async () => openRealCluster(real));
  describeApiAnswers(real.title, async () => openRealCluster(real));
  describeClusterAnswers(real.title, async () => openRealCluster(real));
}
