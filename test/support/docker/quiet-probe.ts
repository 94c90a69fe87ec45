/**
 * Text of a shell command for a health check: succeeds when `command` does, and takes its time once it has. An engine spends some 50 ms of a
 * core on each probe, and probes what is well for as long as it runs. Such a check needs a timeout of more than three seconds.
 */
export function quietProbe(command: string): string {
  return `${command} && if [ -e /dev/shm/well ]; then sleep 3; else : > /dev/shm/well; fi`;
}
