import { type Group, groupSize } from '../spec/index.ts';
import { Money, picosOf } from './money.ts';

/** What a location costs. Amounts are decimals per hour: ACI's hourly prices are the exact ones, those per second are rounded. */
export interface Prices {
  readonly currency: string;
  readonly vcpuPerHour: string;
  readonly memoryGbPerHour: string;
  /** By model, as it is written under `gpu.sku`. */
  readonly gpuPerHour: Readonly<Record<string, string>>;
  /** What Windows costs on top, for each vCPU. */
  readonly windowsVcpuPerHour: string;
  /** Of Spot groups, in place of the two above. */
  readonly spotVcpuPerHour: string;
  readonly spotMemoryGbPerHour: string;
  /** `aci` rounds as ACI bills: whole vCPUs, tenths of a GB, whole seconds, each upwards. */
  readonly rounding: 'exact' | 'aci';
}

/** ACI's published pay-as-you-go prices of East US; of Spot it says that they are up to 70 % less. */
const PUBLISHED: Prices = {
  currency: 'USD',
  vcpuPerHour: '0.0405',
  memoryGbPerHour: '0.00445',
  gpuPerHour: { V100: '3.06' },
  windowsVcpuPerHour: '0.0432',
  spotVcpuPerHour: '0.01215',
  spotMemoryGbPerHour: '0.001335',
  rounding: 'exact',
};

/** The prices of the settings, ACI's where nothing is said. Throws a Failure for an amount that is none. */
export function pricesFrom(given: { readonly [Key in keyof Prices]?: Prices[Key] | undefined }): Prices {
  const prices: Prices = {
    currency: given.currency ?? PUBLISHED.currency,
    vcpuPerHour: given.vcpuPerHour ?? PUBLISHED.vcpuPerHour,
    memoryGbPerHour: given.memoryGbPerHour ?? PUBLISHED.memoryGbPerHour,
    gpuPerHour: given.gpuPerHour ?? PUBLISHED.gpuPerHour,
    windowsVcpuPerHour: given.windowsVcpuPerHour ?? PUBLISHED.windowsVcpuPerHour,
    // Who has prices of their own and says nothing of Spot asks the same for it.
    spotVcpuPerHour: given.spotVcpuPerHour ?? given.vcpuPerHour ?? PUBLISHED.spotVcpuPerHour,
    spotMemoryGbPerHour: given.spotMemoryGbPerHour ?? given.memoryGbPerHour ?? PUBLISHED.spotMemoryGbPerHour,
    rounding: given.rounding ?? PUBLISHED.rounding,
  };
  for (const amount of [
    prices.vcpuPerHour,
    prices.memoryGbPerHour,
    prices.windowsVcpuPerHour,
    prices.spotVcpuPerHour,
    prices.spotMemoryGbPerHour,
    ...Object.values(prices.gpuPerHour),
  ]) {
    picosOf(amount);
  }
  return prices;
}

/** What is paid for: sums of the requests of the app containers. */
export interface Size {
  readonly vcpuMilli: number;
  /** In tenths of a GB, ACI's step; finer ones count to a thousandth of a GB. */
  readonly memoryGbTenths: number;
  readonly gpuCount: number;
  readonly gpuSku: string;
  readonly windows: boolean;
  /** Evictable, at the prices of Spot. */
  readonly spot?: boolean;
}

export function sizeOf(group: Group): Size {
  const { vcpuMilli, memoryGbTenths, gpuCount } = groupSize(group);
  const gpuSku =
    group.containers.map(({ resources }) => resources.requests.gpu?.sku).find((sku) => sku !== undefined) ??
    '';
  const spot = group.priority === 'Spot' ? { spot: true } : {};
  return { vcpuMilli, memoryGbTenths, gpuCount, gpuSku, windows: group.osType === 'Windows', ...spot };
}

/** Whole thousandths of a GB: what is multiplied has to be exact. */
export function memoryGbMilli({ memoryGbTenths }: Size): number {
  return Math.round(memoryGbTenths * 100);
}

const HOUR_MS = 3_600_000n;

/** The parts of a bill. Each is exact up to one rounding, half up, to a pico-unit. */
export interface Cost {
  readonly vcpu: Money;
  readonly memory: Money;
  readonly gpu: Money;
  readonly windows: Money;
  readonly total: Money;
  /** How long was billed, after rounding. */
  readonly billedMs: number;
  /** The size that was billed, after rounding. */
  readonly size: Size;
}

/** cost = time × (vCPU × price + GB × price [+ vCPU × Windows] [+ GPUs × price]), as ACI states it. */
export function costOf(size: Size, prices: Prices, durationMs: number): Cost {
  const billed = prices.rounding === 'aci' ? roundedUp(size) : size;
  const billedMs = prices.rounding === 'aci' ? Math.ceil(durationMs / 1000) * 1000 : durationMs;
  const line = (amount: number, denominator: bigint, perHour: string) => {
    if (amount === 0) return new Money(prices.currency, 0n);
    const divisor = denominator * HOUR_MS;
    const exact = picosOfPrice(perHour) * BigInt(amount) * BigInt(billedMs);
    return new Money(prices.currency, (exact * 2n + divisor) / (divisor * 2n));
  };
  const vcpu = line(billed.vcpuMilli, 1000n, billed.spot ? prices.spotVcpuPerHour : prices.vcpuPerHour);
  const memory = line(
    memoryGbMilli(billed),
    1000n,
    billed.spot ? prices.spotMemoryGbPerHour : prices.memoryGbPerHour,
  );
  const gpu = line(billed.gpuCount, 1n, prices.gpuPerHour[billed.gpuSku] ?? '0');
  const windows = line(billed.windows ? billed.vcpuMilli : 0, 1000n, prices.windowsVcpuPerHour);
  return {
    vcpu,
    memory,
    gpu,
    windows,
    total: vcpu.plus(memory).plus(gpu).plus(windows),
    billedMs,
    size: billed,
  };
}

/** Prices are few and asked for at every look at every group; each is read once. */
const priceAsPicos = new Map<string, bigint>();

function picosOfPrice(decimal: string): bigint {
  const known = priceAsPicos.get(decimal);
  if (known !== undefined) return known;
  const picos = picosOf(decimal);
  if (priceAsPicos.size < MOST_PRICES) priceAsPicos.set(decimal, picos);
  return picos;
}

const MOST_PRICES = 1_000;

function roundedUp(size: Size): Size {
  return {
    ...size,
    vcpuMilli: Math.ceil(size.vcpuMilli / 1000) * 1000,
    memoryGbTenths: Math.ceil(memoryGbMilli(size) / 100),
  };
}

/** What a group of this size costs while it runs. */
export function rate(size: Size, prices: Prices): { perSecond: Money; perHour: Money } {
  return { perSecond: costOf(size, prices, 1_000).total, perHour: costOf(size, prices, 3_600_000).total };
}
