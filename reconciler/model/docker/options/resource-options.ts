import { asBoolean, defined } from '../../../base/values.ts';
import { hostField, HOST_FIELDS, honoured, ignored, option, TOFU_UNSUPPORTED } from './option.ts';
import type { BlkioDevice, BlkioSpec } from './option-types.ts';
import { optionalNumber, readBlkio, readUlimits } from './option-values.ts';
import { readAmount, readMicroseconds, readSize } from './readers.ts';

const CANNOT_ASK = 'a pod cannot ask for it';
const MEBIBYTE = 1024 ** 2;

/** The options on how much the container may use, as far as it is fixed when it is made. */
export const RESOURCE_OPTIONS = {
  blkio: option({
    key: 'blkio_config',
    read: readBlkio,
    docker: HOST_FIELDS,
    toDocker: dockerBlkio,
    cluster: ignored(CANNOT_ASK),
    toCompose: composeBlkio,
    tofu: TOFU_UNSUPPORTED,
  }),
  /** Microseconds, as are the other three. */
  cpuPeriod: option({
    key: 'cpu_period',
    read: readMicroseconds,
    docker: hostField('CpuPeriod'),
    cluster: ignored(CANNOT_ASK, 'say cpus'),
    tofu: TOFU_UNSUPPORTED,
  }),
  cpuQuota: option({
    key: 'cpu_quota',
    read: readMicroseconds,
    docker: hostField('CpuQuota'),
    cluster: ignored(CANNOT_ASK, 'say cpus'),
    tofu: TOFU_UNSUPPORTED,
  }),
  cpuRtPeriod: option({
    key: 'cpu_rt_period',
    read: readMicroseconds,
    docker: hostField('CpuRealtimePeriod'),
    cluster: ignored(CANNOT_ASK),
    tofu: TOFU_UNSUPPORTED,
  }),
  cpuRtRuntime: option({
    key: 'cpu_rt_runtime',
    read: readMicroseconds,
    docker: hostField('CpuRealtimeRuntime'),
    cluster: ignored(CANNOT_ASK),
    tofu: TOFU_UNSUPPORTED,
  }),
  /** 0 means something here: never swap. */
  memSwappiness: option({
    key: 'mem_swappiness',
    read: optionalNumber,
    docker: hostField('MemorySwappiness'),
    cluster: ignored(CANNOT_ASK),
    tofu: TOFU_UNSUPPORTED,
  }),
  oomKillDisable: option({
    key: 'oom_kill_disable',
    default: false,
    read: asBoolean,
    docker: hostField('OomKillDisable'),
    cluster: ignored(CANNOT_ASK),
    tofu: TOFU_UNSUPPORTED,
  }),
  oomScoreAdj: option({
    key: 'oom_score_adj',
    read: readAmount,
    docker: hostField('OomScoreAdj'),
    cluster: ignored(CANNOT_ASK),
    tofu: TOFU_UNSUPPORTED,
  }),
  /** Bytes. */
  shmSize: option({
    key: 'shm_size',
    read: readSize,
    docker: hostField('ShmSize'),
    cluster: honoured('a volume in memory at /dev/shm'),
    tofu: { kind: 'attributes', write: (bytes) => ({ shm_size: Math.ceil(bytes / MEBIBYTE) }) },
  }),
  ulimits: option({
    key: 'ulimits',
    read: readUlimits,
    docker: hostField('Ulimits'),
    toDocker: (ulimits) =>
      Object.entries(ulimits).map(([Name, { soft, hard }]) => ({ Name, Soft: soft, Hard: hard })),
    cluster: ignored('a pod has nothing of the kind'),
    tofu: {
      kind: 'blocks',
      block: 'ulimit',
      write: (ulimits) => Object.entries(ulimits).map(([name, limit]) => ({ name, ...limit })),
    },
  }),
} as const;

function dockerBlkio(blkio: BlkioSpec): Readonly<Record<string, unknown>> {
  const rates = (devices: readonly BlkioDevice[] | undefined) =>
    devices?.map(({ path, value }) => ({ Path: path, Rate: value }));
  return {
    BlkioWeight: blkio.weight,
    BlkioWeightDevice: blkio.weightDevice?.map(({ path, value }) => ({ Path: path, Weight: value })),
    BlkioDeviceReadBps: rates(blkio.readBps),
    BlkioDeviceWriteBps: rates(blkio.writeBps),
    BlkioDeviceReadIOps: rates(blkio.readIops),
    BlkioDeviceWriteIOps: rates(blkio.writeIops),
  };
}

function composeBlkio({ weight, weightDevice, readBps, writeBps, readIops, writeIops }: BlkioSpec): object {
  const rates = (list: readonly BlkioDevice[] | undefined) =>
    list?.map(({ path, value }) => ({ path, rate: value }));
  return defined({
    weight,
    weight_device: weightDevice?.map(({ path, value }) => ({ path, weight: value })),
    device_read_bps: rates(readBps),
    device_write_bps: rates(writeBps),
    device_read_iops: rates(readIops),
    device_write_iops: rates(writeIops),
  });
}
