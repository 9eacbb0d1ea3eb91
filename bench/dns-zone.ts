/** The zone that both name servers answer for. */
export const ZONE = 'bench.example.com';
export const RECORDS = 10_000;
export const BENCH_HOST = '127.43.0.2';

export function nameOf(index: number): string {
  return `g${index}.local.${ZONE}`;
}

export function addressOf(index: number): string {
  return `10.20.${index >> 8}.${index & 255}`;
}
