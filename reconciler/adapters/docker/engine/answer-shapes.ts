import type { Shape } from './shapes.ts';
import { fieldsOf, flag, id, listOf, mapOf, maybe, number, text } from './shapes.ts';

/*
 * Answers of the Docker Engine API, as far as they are used here: whatever answers at an address is held against them before anything else looks at
 * it. Members that Podman or an older engine leaves out, or gives as null, are `maybe`.
 */

const labels = maybe(mapOf(text));
/** Networks of a container, by name. */
const networks = maybe(
  fieldsOf({ Networks: maybe(mapOf(fieldsOf({ NetworkID: maybe(text), Aliases: maybe(listOf(text)) }))) }),
);
const mounts = maybe(listOf(fieldsOf({ Type: maybe(text), Name: maybe(text) })));
const port = fieldsOf({ IP: maybe(text), PrivatePort: number, PublicPort: maybe(number), Type: text });

const container = fieldsOf({
  Id: id,
  Names: maybe(listOf(text)),
  ImageID: maybe(text),
  Created: number,
  State: text,
  Status: maybe(text),
  Ports: maybe(listOf(port)),
  Labels: labels,
  NetworkSettings: networks,
  Mounts: mounts,
});

const probe = fieldsOf({
  Status: text,
  FailingStreak: maybe(number),
  Log: maybe(listOf(fieldsOf({ ExitCode: maybe(number), Output: maybe(text) }))),
});

const network = fieldsOf({
  Id: id,
  Name: text,
  Created: text,
  Driver: maybe(text),
  Labels: labels,
  Containers: maybe(mapOf(fieldsOf({ Name: maybe(text) }))),
  IPAM: maybe(fieldsOf({ Config: maybe(listOf(fieldsOf({ Subnet: maybe(text) }))) })),
});

const volume = fieldsOf({ Name: text, Driver: maybe(text), Labels: labels });

const cpu = fieldsOf({
  cpu_usage: maybe(fieldsOf({ total_usage: maybe(number) })),
  system_cpu_usage: maybe(number),
  online_cpus: maybe(number),
});

export const ANSWERS = {
  containers: listOf(container),
  container: fieldsOf({
    Id: id,
    Created: text,
    Image: text,
    RestartCount: number,
    State: fieldsOf({
      Status: text,
      Running: flag,
      Paused: flag,
      Dead: maybe(flag),
      StartedAt: text,
      FinishedAt: text,
      ExitCode: number,
      Error: maybe(text),
      OOMKilled: maybe(flag),
      Health: maybe(probe),
    }),
    HostConfig: fieldsOf({
      RestartPolicy: maybe(fieldsOf({ Name: maybe(text), MaximumRetryCount: maybe(number) })),
      NetworkMode: maybe(text),
      IpcMode: maybe(text),
      PidMode: maybe(text),
    }),
    Config: fieldsOf({ Labels: labels, Env: maybe(listOf(text)), Tty: maybe(flag) }),
    NetworkSettings: networks,
    Mounts: mounts,
  }),
  networks: listOf(network),
  network,
  volumes: fieldsOf({ Volumes: maybe(listOf(volume)) }),
  volume,
  images: listOf(fieldsOf({ Id: text, RepoTags: maybe(listOf(text)), Labels: labels })),
  image: fieldsOf({
    Id: text,
    RepoTags: maybe(listOf(text)),
    RepoDigests: maybe(listOf(text)),
    Os: maybe(text),
    Architecture: maybe(text),
    Variant: maybe(text),
  }),
  info: fieldsOf({
    ID: maybe(text),
    Name: text,
    OperatingSystem: maybe(text),
    Architecture: maybe(text),
    ServerVersion: maybe(text),
    NCPU: number,
    MemTotal: number,
    DockerRootDir: maybe(text),
    SystemTime: maybe(text),
    CgroupVersion: maybe(text),
  }),
  version: fieldsOf({ ApiVersion: text }),
  stats: fieldsOf({
    cpu_stats: maybe(cpu),
    precpu_stats: maybe(cpu),
    memory_stats: maybe(
      fieldsOf({ usage: maybe(number), limit: maybe(number), stats: maybe(mapOf(maybe(number))) }),
    ),
    networks: maybe(mapOf(fieldsOf({ rx_bytes: maybe(number), tx_bytes: maybe(number) }))),
  }),
  usage: fieldsOf({
    Images: maybe(
      listOf(
        fieldsOf({
          Id: text,
          RepoTags: maybe(listOf(text)),
          RepoDigests: maybe(listOf(text)),
          Labels: labels,
          Size: number,
          SharedSize: maybe(number),
        }),
      ),
    ),
    BuildCache: maybe(listOf(fieldsOf({ ID: text, Size: number, InUse: maybe(flag), Shared: maybe(flag) }))),
  }),
  sizes: listOf(fieldsOf({ SizeRw: maybe(number) })),
  reclaimed: fieldsOf({ SpaceReclaimed: maybe(number) }),
  made: fieldsOf({ Id: id }),
  ended: fieldsOf({ ExitCode: maybe(number), Running: maybe(flag) }),
  distribution: fieldsOf({ Descriptor: maybe(fieldsOf({ digest: maybe(text) })) }),
} as const satisfies Readonly<Record<string, Shape>>;
