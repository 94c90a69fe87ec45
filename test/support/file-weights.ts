/**
 * Relative weights of the files that take long, roughly their seconds on a busy machine with two cores. Only the order in which
 * files begin follows from them: a file without one begins after these.
 */
export const FILE_WEIGHTS: Readonly<Record<string, number>> = {
  'test/e2e/kill.test.ts': 100,
  'test/contract/source.test.ts': 73,
  'test/contract/target-docker.test.ts': 73,
  'test/integration/git-remote.test.ts': 64,
  'test/e2e/main-job-faults.test.ts': 56,
  'test/integration/database-backup.test.ts': 55,
  'test/e2e/demo.test.ts': 50,
  'test/e2e/main-job.test.ts': 50,
  'test/integration/instances.test.ts': 45,
  'test/e2e/cli.test.ts': 45,
  'test/integration/docker-container.test.ts': 40,
  'test/integration/api/provisioner-fuzz.test.ts': 40,
  'test/integration/git-local.test.ts': 31,
  'test/integration/api/kompose-examples.test.ts': 22,
  'test/e2e/cluster-workflow.test.ts': 18,
  'test/integration/git-work-tree.test.ts': 15,
  'test/integration/api/provisioner-examples.test.ts': 15,
  'test/integration/git-ssh.test.ts': 15,
  'test/integration/api/kompose.test.ts': 12,
  'test/integration/compose-files.test.ts': 12,
};
