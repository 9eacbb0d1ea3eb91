import type { Gpu } from '../engines/index.ts';
import { formatMoney, type Money } from '../metering/index.ts';
import { strip } from './chart/strip.ts';
import type { Block } from './document.ts';

// What is used now, and by whom.

interface ContainerUsage {
  readonly group: string;
  readonly container: string;
  readonly cpuMilli: number;
  readonly memoryBytes: number;
  readonly memoryLimitBytes: number;
  /** Oldest first. */
  readonly lastHour: readonly UsagePoint[];
  /** Why there are no figures of its GPUs; null where there are some, or it holds none. */
  readonly silence: Silence | null;
}

/** Why a container shows no figures of the GPUs that it holds, and what to do. */
export interface Silence {
  readonly why: string;
  readonly advice: string;
}

/** What a container used at one moment. */
export interface UsagePoint {
  readonly atMs: number;
  readonly cpuMilli: number;
  readonly memoryBytes: number;
}

/** How busy a GPU was at one moment. */
export interface LoadPoint {
  readonly atMs: number;
  readonly percent: number;
}

const HOUR_MS = 3_600_000;

/** A GPU of a host, and who has it. */
export interface DeviceView {
  readonly location: string;
  readonly host: string;
  readonly id: string;
  readonly sku: string;
  readonly model: string;
  readonly state: 'free' | 'held';
  /** '' for a device that is free, and for a group that is not for the reader's eyes. */
  readonly group: string;
  readonly container: string;
  /** null where nobody could look: it is free, or the image has no `nvidia-smi`. */
  readonly gpu: Gpu | null;
  /** Oldest first. */
  readonly lastHour: readonly LoadPoint[];
}

/** A group that waits for GPUs. */
export interface WaitingView {
  readonly location: string;
  readonly host: string;
  readonly group: string;
  readonly wants: readonly { readonly sku: string; readonly count: number }[];
  /** Among those that want the same model; 1: it is next. */
  readonly place: number;
}

/** Where a file asks for more than was used, and what asking for less saves. */
export interface Saving {
  readonly container: string;
  readonly resource: 'cpu' | 'memoryInGB';
  readonly asked: number;
  /** The most that was seen in use. */
  readonly peak: number;
  /** What to write instead. */
  readonly enough: number;
  /** Where in the file, such as `properties.containers[0].properties.resources.requests.cpu`. */
  readonly path: string;
  readonly savesPerHour: Money;
}

/** What containers use now, who holds which GPU, what computes on it, and who waits for one. */
export function usageBlocks(
  {
    containers,
    devices,
    waiting,
    savings,
  }: {
    readonly savings: readonly (Saving & { readonly group: string; readonly file: string })[];
    readonly containers: readonly ContainerUsage[];
    readonly devices: readonly DeviceView[];
    readonly waiting: readonly WaitingView[];
  },
  nowMs: number,
): Block[] {
  const tables = [
    ...(containers.length ? [containerTable(containers, nowMs)] : []),
    ...(devices.length ? [deviceTable(devices, nowMs)] : []),
    ...processTables(devices),
  ];
  return [
    ...(containers.length ? [] : [{ kind: 'text', text: 'No container runs there.' } as const]),
    ...tables.flatMap((table, index) => (index ? [{ kind: 'blank' } as const, table] : [table])),
    ...(containers.length && !devices.length
      ? [{ kind: 'text', text: 'No group here holds a GPU.' } as const]
      : []),
    ...containers.flatMap(silenceBlocks),
    ...waiting.map((each): Block => ({ kind: 'text', text: waitingWords(each) })),
    ...savings.map((each): Block => ({ kind: 'text', text: savingWords(each) })),
  ];
}

/** With the last hour beside each figure, once there is something of it to be seen. */
function containerTable(containers: readonly ContainerUsage[], nowMs: number): Block {
  const isKnown = containers.some(({ lastHour }) => lastHour.length > 1);
  const column = isKnown ? ['last hour'] : [];
  return {
    kind: 'table',
    columns: ['group', 'container', 'vCPU', ...column, 'memory', ...column, 'of'],
    rows: containers.map((each) => {
      const [cpu, memory] = isKnown ? hourOf(each, nowMs) : [[], []];
      const { group, container, cpuMilli, memoryBytes, memoryLimitBytes } = each;
      const used = [(cpuMilli / 1000).toFixed(3), ...cpu, mebibytes(memoryBytes), ...memory];
      return [group, container, ...used, mebibytes(memoryLimitBytes)];
    }),
  };
}

/** CPU against the most of the hour, for it has no limit of its own; memory against its limit. */
function hourOf({ lastHour, memoryLimitBytes }: ContainerUsage, toMs: number): [string[], string[]] {
  const most = Math.max(...lastHour.map(({ cpuMilli }) => cpuMilli));
  const bars = (value: (point: UsagePoint) => number, limit: number) =>
    strip(
      lastHour.map((point) => ({ atMs: point.atMs, value: value(point) })),
      { toMs, spanMs: HOUR_MS, limit },
    );
  return [
    [bars(({ cpuMilli }) => cpuMilli, most)],
    [bars(({ memoryBytes }) => memoryBytes, memoryLimitBytes)],
  ];
}

/** With the last hour beside the load, once there is something of it to be seen. */
function deviceTable(devices: readonly DeviceView[], nowMs: number): Block {
  const isKnown = devices.some(({ lastHour }) => lastHour.length > 1);
  const hour = isKnown ? ['last hour'] : [];
  return {
    kind: 'table',
    columns: [
      ...['GPU', 'model', 'held by', 'load', ...hour],
      ...['memory', 'temperature', 'power', 'ECC', 'MIG', 'driver'],
    ],
    rows: devices.map((device) => {
      const { sku, model, gpu, lastHour } = device;
      const [load = '', ...rest] = figuresOf(device);
      const points = lastHour.map(({ atMs, percent }) => ({ atMs, value: percent }));
      const bars = strip(points, { toMs: nowMs, spanMs: HOUR_MS, limit: 100 });
      const name = gpu?.name || model || sku;
      return [deviceName(device), name, holderOf(device), load, ...(isKnown ? [bars] : []), ...rest];
    }),
  };
}

/** `train/main shows no figures of its GPU: nvidia-smi finds no device. Look whether …` */
function silenceBlocks({ group, container, silence }: ContainerUsage): Block[] {
  if (!silence) return [];
  const { why, advice } = silence;
  return [{ kind: 'text', text: `${group}/${container} shows no figures of its GPU: ${why}. ${advice}` }];
}

/** `office/GPU-6f3f1b0e`: the rest of a uuid tells nothing more to people. */
function deviceName({ host, id }: DeviceView): string {
  return `${host}/${id.replace(/^((?:GPU|MIG)-[0-9a-f]{8})-.*$/i, '$1')}`;
}

function holderOf({ state, group, container }: DeviceView): string {
  if (state === 'free') return 'free';
  return group ? [group, container].filter(Boolean).join('/') : 'another group';
}

/** A device that nobody looks at shows nothing; one whose driver gives no number says so. */
function figuresOf({ gpu }: DeviceView): string[] {
  if (!gpu) return Array.from({ length: 7 }, () => '–');
  const of = (value: number | null, unit: string) => (value === null ? 'n/a' : `${value} ${unit}`);
  const limit = gpu.powerLimitWatts === null ? '' : ` of ${gpu.powerLimitWatts}`;
  return [
    of(gpu.utilizationPercent, '%'),
    `${of(gpu.memoryUsedMib, 'MiB')} of ${of(gpu.memoryTotalMib, 'MiB')}`,
    of(gpu.temperatureCelsius, '°C'),
    gpu.powerWatts === null ? 'n/a' : `${gpu.powerWatts}${limit} W`,
    gpu.eccErrors === null ? 'n/a' : `${gpu.eccErrors} uncorrected`,
    gpu.mig === null ? 'n/a' : gpu.mig ? 'on' : 'off',
    gpu.driver ?? 'n/a',
  ];
}

function processTables(devices: readonly DeviceView[]): Block[] {
  const rows = devices.flatMap((device) =>
    (device.gpu?.processes ?? []).map(({ pid, program, memoryMib }) => [
      deviceName(device),
      holderOf(device),
      String(pid),
      program,
      memoryMib === null ? 'n/a' : `${memoryMib} MiB`,
    ]),
  );
  return rows.length
    ? [{ kind: 'table', columns: ['GPU', 'held by', 'process', 'program', 'memory'], rows }]
    : [];
}

/** `second in staging waits for 2 × V100 of office, first in line` */
function waitingWords({ host, group, wants, place }: WaitingView): string {
  const devices = wants.map(({ sku, count }) => `${count} × ${sku}`).join(' and ');
  return `${group} waits for ${devices} of ${host}, ${lineWords(place)}`;
}

/** `shop/api was seen to use 0.20 GB of 2 at most within the last hour: memoryInGB: 0.3 in containergroup.yaml saves $0.0075 /h.` */
function savingWords({
  group,
  container,
  resource,
  asked,
  peak,
  enough,
  file,
  savesPerHour,
}: Parameters<typeof usageBlocks>[0]['savings'][number]): string {
  const unit = resource === 'cpu' ? 'vCPU' : 'GB';
  const saves = formatMoney(savesPerHour, { digits: 4 });
  return `${group}/${container} was seen to use ${peak.toFixed(2)} ${unit} of ${asked} at most within the last hour: ${resource}: ${enough} in ${file} saves ${saves} /h.`;
}

/** Where in line somebody is: 1 is next. */
export function lineWords(place: number): string {
  return place === 1 ? 'first in line' : `number ${place} in line`;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
