/*
 * Labels as docker-compose 2.40 puts them on what it makes. With the hash that it computes (config/compose/hash) they have its next `up`
 * find everything as it should be, and make nothing anew.
 */

const PREFIX = 'com.docker.compose';

/** Version whose labels and hashes these are. */
const VERSION = '2.40.3';

type Labels = Readonly<Record<string, string>>;

export interface ComposeContainerPlace {
  readonly project: string;
  readonly service: string;
  /** Number of the replica, from 1 on. */
  readonly number: number;
  /** Hash of the description, in hex. */
  readonly hash: string;
  /** Id of the image, `sha256:…`. Compose makes a container of another image anew, and one whose label names none. */
  readonly imageId: string;
  /** Directory of the project on its host. */
  readonly directory: string;
  /** Compose files on the host, with their whole paths, in the order in which they are read. */
  readonly files: readonly string[];
  /** Services that it is made after: `db:service_healthy:false`. */
  readonly dependencies: readonly string[];
  /** Files of variables other than `.env`, as they were named. */
  readonly environmentFiles?: readonly string[];
}

export function composeContainerLabels(place: ComposeContainerPlace): Labels {
  const { environmentFiles = [] } = place;
  return {
    [`${PREFIX}.project`]: place.project,
    [`${PREFIX}.service`]: place.service,
    [`${PREFIX}.container-number`]: String(place.number),
    [`${PREFIX}.oneoff`]: 'False',
    [`${PREFIX}.config-hash`]: place.hash,
    [`${PREFIX}.image`]: place.imageId,
    [`${PREFIX}.depends_on`]: place.dependencies.join(','),
    [`${PREFIX}.project.working_dir`]: place.directory,
    [`${PREFIX}.project.config_files`]: place.files.join(','),
    ...(environmentFiles.length > 0
      ? { [`${PREFIX}.project.environment_file`]: environmentFiles.join(',') }
      : {}),
    [`${PREFIX}.version`]: VERSION,
  };
}

export interface ComposePartPlace {
  readonly kind: 'network' | 'volume';
  readonly project: string;
  /** Name in the Compose file. */
  readonly key: string;
  readonly hash: string;
}

/** Labels of a network or volume that is not external. */
export function composePartLabels({ kind, project, key, hash }: ComposePartPlace): Labels {
  return {
    [`${PREFIX}.project`]: project,
    [`${PREFIX}.${kind}`]: key,
    [`${PREFIX}.config-hash`]: hash,
    [`${PREFIX}.version`]: VERSION,
  };
}
