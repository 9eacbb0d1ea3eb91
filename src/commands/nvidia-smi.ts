/** One GPU as its driver shows it. null: the driver gives no number (`[N/A]`, `[Not Supported]`, an older driver). */
export interface Gpu {
  readonly index: number;
  readonly uuid: string;
  readonly name: string;
  readonly utilizationPercent: number | null;
  readonly memoryUsedMib: number | null;
  readonly memoryTotalMib: number | null;
  readonly temperatureCelsius: number | null;
  readonly powerWatts: number | null;
  readonly mig: boolean;
}

const FIELDS = [
  'index',
  'uuid',
  'name',
  'utilization.gpu',
  'memory.used',
  'memory.total',
  'temperature.gpu',
  'power.draw',
  'mig.mode.current',
] as const;

/** Run in the container: under a hypervisor that is the only place that sees the device. */
export const NVIDIA_SMI = ['nvidia-smi', `--query-gpu=${FIELDS.join(',')}`, '--format=csv,noheader,nounits'];

/** What `nvidia-smi` printed, as numbers. Lines that are none of its own are left out. */
export function gpusFrom(csv: string): Gpu[] {
  return csv.split('\n').flatMap((line) => {
    const cells = line.split(',').map((cell) => cell.trim());
    const [index = '', uuid = '', ...rest] = cells;
    if (!/^\d+$/.test(index) || !/^(GPU|MIG)-/.test(uuid) || cells.length < FIELDS.length) return [];
    const [mig = '', power, temperature, total, used, load] = rest.splice(1 - FIELDS.length + 2).reverse();
    return [
      {
        index: Number(index),
        uuid,
        name: rest.join(', '), // a model's name is free text
        utilizationPercent: numberIn(load),
        memoryUsedMib: numberIn(used),
        memoryTotalMib: numberIn(total),
        temperatureCelsius: numberIn(temperature),
        powerWatts: numberIn(power),
        mig: mig === 'Enabled',
      },
    ];
  });
}

/** `[N/A]`, `[Not Supported]` and their kin are no numbers. */
function numberIn(text: string | undefined): number | null {
  return text !== undefined && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : null;
}
