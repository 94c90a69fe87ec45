import type { ContainerSpec } from '../model/docker/docker-spec.ts';
import { LIMIT_ROWS } from '../model/docker/options/limit-options.ts';
import { OPTION_ROWS } from '../model/docker/options/container-options.ts';

/** Keys of the document behind each key of a container's spec. */
export const WRITTEN_AS: Readonly<Partial<Record<keyof ContainerSpec, readonly string[]>>> = {
  name: ['container_name'],
  image: ['build', 'image'],
  command: ['command', 'config'],
  entrypoint: ['entrypoint'],
  env: ['env', 'environment', 'config'],
  ports: ['ports'],
  mounts: ['volumes', 'tmpfs'],
  volumesFrom: ['volumes_from'],
  networks: ['networks'],
  endpoints: ['networks', 'links', 'external_links'],
  primaryNetwork: ['networks'],
  networkMode: ['network_mode'],
  healthcheck: ['healthcheck'],
  postStart: ['post_start'],
  preStop: ['pre_stop'],
  restart: ['restart', 'deploy'],
  resources: ['resources', 'deploy', ...LIMIT_ROWS.map(([, { key }]) => key)],
  labels: ['labels', 'route', 'config'],
  files: ['files'],
  secrets: ['secrets'],
  ...Object.fromEntries(
    OPTION_ROWS.map(([name, { key, alsoFrom }]) => [name, alsoFrom === undefined ? [key] : [key, alsoFrom]]),
  ),
};
