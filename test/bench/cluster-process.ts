import process from 'node:process';
import { startWorkflowDouble } from '../support/kubernetes/workflow-cluster.ts';

/* The double of a cluster in a process of its own: its processor time is not the daemon's. Says what `clusters/<name>.yaml` is to hold. */

const cluster = await startWorkflowDouble();
process.send?.(cluster.file);
process.once('disconnect', () => process.exit());
