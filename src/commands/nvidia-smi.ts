import type { Gpu, GpuProcess } from '../engines/index.ts';

/** What every driver knows. */
const CORE = [
  'index',
  'uuid',
  'name',
  'driver_version',
  'utilization.gpu',
  'memory.used',
  'memory.total',
  'temperature.gpu',
  'power.draw',
] as const;
/** What some do not: a single field that a driver does not know makes it refuse the whole question. */
const MORE = ['uuid', 'ecc.errors.uncorrected.volatile.total', 'mig.mode.current', 'power.limit'] as const;
const PROCESSES = ['gpu_uuid', 'pid', 'process_name', 'used_gpu_memory'] as const;

/** The questions, each a program: run in the container, for under a hypervisor that is the only place that sees the device. */
export const NVIDIA_SMI = {
  core: questionFor('query-gpu', CORE),
  more: questionFor('query-gpu', MORE),
  processes: questionFor('query-compute-apps', PROCESSES),
} as const;

function questionFor(query: string, fields: readonly string[]): string[] {
  return ['nvidia-smi', `--${query}=${fields.join(',')}`, '--format=csv,noheader,nounits'];
}

/** What `nvidia-smi` printed, '' where it gave no answer. Lines that are none of its own are left out. */
export type SmiAnswers = Readonly<Record<keyof typeof NVIDIA_SMI, string>>;

/** Answers as numbers. Pure. */
export function gpusFrom({ core, more, processes }: SmiAnswers): Gpu[] {
  const details = new Map(rowsOf(more, MORE.length).map(([uuid = '', ...rest]) => [uuid, rest]));
  const running = Map.groupBy(processesFrom(processes), ({ uuid }) => uuid);
  return rowsOf(core, CORE.length).flatMap(([index = '', uuid = '', ...rest]) => {
    if (!/^\d+$/.test(index) || !isUuid(uuid)) return [];
    const numbers = rest.splice(2 - CORE.length + 1);
    const [driver = '', load, used, total, temperature, power] = numbers;
    const [errors, mig = '', limit] = details.get(uuid) ?? [];
    return [
      {
        index: Number(index),
        uuid,
        name: rest.join(', '), // a model's name is free text
        driver: /^\d[\d.]*$/.test(driver) ? driver : null,
        utilizationPercent: numberIn(load),
        memoryUsedMib: numberIn(used),
        memoryTotalMib: numberIn(total),
        temperatureCelsius: numberIn(temperature),
        powerWatts: numberIn(power),
        powerLimitWatts: numberIn(limit),
        eccErrors: numberIn(errors),
        mig: mig === 'Enabled' ? true : mig === 'Disabled' ? false : null,
        processes: (running.get(uuid) ?? []).map(({ uuid: _, ...process }) => process),
      },
    ];
  });
}

function processesFrom(csv: string): (GpuProcess & { readonly uuid: string })[] {
  return rowsOf(csv, PROCESSES.length).flatMap(([uuid = '', pid = '', ...rest]) => {
    const memory = rest.pop();
    if (!isUuid(uuid) || !/^\d+$/.test(pid)) return [];
    return [{ uuid, pid: Number(pid), program: rest.join(', '), memoryMib: numberIn(memory) }];
  });
}

function rowsOf(csv: string, fewest: number): string[][] {
  return csv
    .split('\n')
    .map((line) => line.split(',').map((cell) => cell.trim()))
    .filter(({ length }) => length >= fewest);
}

function isUuid(text: string): boolean {
  return /^(GPU|MIG)-/.test(text);
}

/** `[N/A]`, `[Not Supported]`, `[GPU requires reset]` and their kin are no numbers. */
function numberIn(text: string | undefined): number | null {
  return text !== undefined && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : null;
}
