/**
 * Relative weights of the files that take long, roughly their seconds on a busy machine with two cores. Only the order in which
 * files begin follows from them: a file without one begins after these.
 */
export const FILE_WEIGHTS: Readonly<Record<string, number>> = {
  'test/e2e/rollback.test.ts': 132,
  'test/e2e/cli.test.ts': 126,
  'test/integration/database-backup.test.ts': 96,
  'test/integration/instances.test.ts': 95,
  'test/contract/source.test.ts': 73,
  'test/contract/target-docker.test.ts': 73,
  'test/e2e/demo.test.ts': 73,
  'test/integration/git-remote.test.ts': 64,
  'test/e2e/kill.test.ts': 63,
  'test/e2e/kompose.test.ts': 58,
  'test/e2e/rolling-update.test.ts': 58,
  'test/e2e/instances-kill.test.ts': 55,
  'test/e2e/main-job-faults.test.ts': 50,
  'test/e2e/main-job-api.test.ts': 42,
  'test/integration/api/provisioner-fuzz.test.ts': 40,
  'test/e2e/hosts.test.ts': 38,
  'test/integration/docker-container.test.ts': 48,
  'test/e2e/secrets-stay-secret.test.ts': 32,
  'test/integration/git-local.test.ts': 31,
  'test/e2e/main-job.test.ts': 27,
  'test/integration/api/kompose-examples.test.ts': 22,
  'test/e2e/cluster-workflow.test.ts': 18,
  'test/integration/git-work-tree.test.ts': 15,
  'test/integration/api/provisioner-examples.test.ts': 15,
  'test/integration/git-ssh.test.ts': 15,
  'test/integration/api/kompose.test.ts': 12,
  'test/integration/compose-files.test.ts': 12,
};
