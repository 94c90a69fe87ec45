import { inject } from 'vitest';
import { openRealCluster, startClusterDouble } from '../support/kubernetes/cluster-double.ts';
import { describeApiAnswers } from './api-answers.ts';
import { describeClusterAnswers } from './cluster-answers.ts';
import { describeClusterContract } from './cluster.ts';
import { configMapsOf } from './cluster-suite.ts';
import { describeCoreContract } from './target-core.ts';

describeClusterContract('API double', () => startClusterDouble());
describeClusterContract('API double with a default storage class', () => startClusterDouble('default class'));
describeClusterAnswers('API double', () => startClusterDouble());
describeApiAnswers('API double', () => startClusterDouble());
describeApiAnswers('API double with a default storage class', () => startClusterDouble('default class'));
describeCoreContract('API double', async () => configMapsOf(await startClusterDouble()));

const real = inject('kubernetes');
if (real !== null) {
  describeClusterContract(real.title, async () => openRealCluster(real));
  describeApiAnswers(real.title, async () => openRealCluster(real));
  describeClusterAnswers(real.title, async () => openRealCluster(real));
  describeCoreContract(real.title, async () => configMapsOf(openRealCluster(real)));
}
