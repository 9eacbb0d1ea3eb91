/** How Kubernetes writes sizes: `512Mi` is 512 * 2^20, `1G` is 10^9. */
export const SIZE = /^\d{1,15}(\.\d{1,3})?(Ki|Mi|Gi|Ti|k|M|G|T)?$/;

/** The bytes of a size as Kubernetes writes it; whole, rounded up. */
export function sizeBytes(size: string): number {
  const [, number = '0', unit = ''] = /^([\d.]+)(\w*)$/.exec(size) ?? [];
  const power = 'kMGT'.indexOf(unit.charAt(0).replace('K', 'k')) + 1;
  return Math.ceil(Number(number) * (unit.endsWith('i') ? 1024 : 1000) ** (unit ? power : 0));
}
