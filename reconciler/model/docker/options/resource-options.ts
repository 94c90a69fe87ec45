import { asBoolean, asFields, asList, asString, defined, own, toRecord } from '../../../base/values.ts';
import { hostField, HOST_FIELDS, honoured, ignored, option, TOFU_UNSUPPORTED } from './option.ts';
import type { BlkioDevice, BlkioSpec, UlimitSpec } from './option-types.ts';
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
    fromDocker: blkioOf,
    cluster: ignored(CANNOT_ASK),
    toCompose: composeBlkio,
    tofu: TOFU_UNSUPPORTED,
  }),
  /** Microseconds, as are the other three. */
  cpuPeriod: option({
    key: 'cpu_period',
    read: readMicroseconds,
    docker: hostField('CpuPeriod'),
    fromDocker: readAmount,
    cluster: ignored(CANNOT_ASK, 'say cpus'),
    tofu: TOFU_UNSUPPORTED,
  }),
  cpuQuota: option({
    key: 'cpu_quota',
    read: readMicroseconds,
    docker: hostField('CpuQuota'),
    fromDocker: readAmount,
    cluster: ignored(CANNOT_ASK, 'say cpus'),
    tofu: TOFU_UNSUPPORTED,
  }),
  cpuRtPeriod: option({
    key: 'cpu_rt_period',
    read: readMicroseconds,
    docker: hostField('CpuRealtimePeriod'),
    fromDocker: readAmount,
    cluster: ignored(CANNOT_ASK),
    tofu: TOFU_UNSUPPORTED,
  }),
  cpuRtRuntime: option({
    key: 'cpu_rt_runtime',
    read: readMicroseconds,
    docker: hostField('CpuRealtimeRuntime'),
    fromDocker: readAmount,
    cluster: ignored(CANNOT_ASK),
    tofu: TOFU_UNSUPPORTED,
  }),
  /** 0 means something here: never swap. */
  memSwappiness: option({
    key: 'mem_swappiness',
    read: optionalNumber,
    docker: hostField('MemorySwappiness'),
    fromDocker: (value) => (value === -1 ? undefined : optionalNumber(value)),
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
    fromDocker: readAmount,
    cluster: ignored(CANNOT_ASK),
    tofu: TOFU_UNSUPPORTED,
  }),
  /** Bytes. */
  shmSize: option({
    key: 'shm_size',
    read: readSize,
    docker: hostField('ShmSize'),
    fromDocker: (value) => (value === USUAL_SHM_BYTES ? undefined : optionalNumber(value) || undefined),
    cluster: honoured('a volume in memory at /dev/shm'),
    tofu: { kind: 'attributes', write: (bytes) => ({ shm_size: Math.ceil(bytes / MEBIBYTE) }) },
  }),
  ulimits: option({
    key: 'ulimits',
    read: readUlimits,
    docker: hostField('Ulimits'),
    toDocker: (ulimits) =>
      Object.entries(ulimits).map(([Name, { soft, hard }]) => ({ Name, Soft: soft, Hard: hard })),
    fromDocker: ulimitsOf,
    cluster: ignored('a pod has nothing of the kind'),
    tofu: {
      kind: 'blocks',
      block: 'ulimit',
      write: (ulimits) => Object.entries(ulimits).map(([name, limit]) => ({ name, ...limit })),
    },
  }),
} as const;

/** Bytes of /dev/shm that a container has when nothing is said. */
const USUAL_SHM_BYTES = 64 * MEBIBYTE;

function ulimitsOf(value: unknown): Readonly<Record<string, UlimitSpec>> | undefined {
  const limits = (asList(value) ?? []).flatMap((item): [string, UlimitSpec][] => {
    const { Name, Soft, Hard } = asFields(item) ?? {};
    return typeof Name === 'string' ? [[Name, { soft: Number(Soft), hard: Number(Hard) }]] : [];
  });
  return limits.length > 0 ? toRecord(limits) : undefined;
}

function blkioOf(value: unknown): BlkioSpec | undefined {
  const host = asFields(value) ?? {};
  const devices = (name: string, member: string): readonly BlkioDevice[] | undefined => {
    const list = (asList(own(host, name)) ?? []).map((item): BlkioDevice => {
      const fields = asFields(item) ?? {};
      return { path: asString(fields['Path']) ?? '', value: Number(own(fields, member)) };
    });
    return list.length > 0 ? list : undefined;
  };
  const blkio = defined({
    weight: optionalNumber(host['BlkioWeight']) || undefined,
    weightDevice: devices('BlkioWeightDevice', 'Weight'),
    readBps: devices('BlkioDeviceReadBps', 'Rate'),
    writeBps: devices('BlkioDeviceWriteBps', 'Rate'),
    readIops: devices('BlkioDeviceReadIOps', 'Rate'),
    writeIops: devices('BlkioDeviceWriteIOps', 'Rate'),
  });
  return Object.keys(blkio).length > 0 ? blkio : undefined;
}

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
