import { isAbsent } from './node.ts';
import type { Finding, Gap } from './problem.ts';
import type { Places } from './understand.ts';

/** Every place of the document where it asks for something the engine cannot do yet. */
export function gapFindings(places: Places, gaps: readonly Gap[]): Finding[] {
  if (!gaps.length) return [];
  const byPath = new Map(gaps.map((gap) => [gap.path, gap]));
  const findings: Finding[] = [];
  for (const [path, { value }] of places) {
    const gap = byPath.get(path.replace(/\[\d+\]/g, '[*]'));
    if (!gap || isAbsent(value) || isEmpty(value)) continue;
    if (
      gap.equals !== undefined &&
      (value.kind !== 'scalar' || value.text.toLowerCase() !== gap.equals.toLowerCase())
    )
      continue;
    findings.push({
      ...(gap.severity === 'warning' ? { severity: 'warning' as const } : {}),
      code: 'not-supported-here',
      path,
      atKey: true,
      message: `${path
        .split('.')
        .at(-1)
        ?.replace(/\[\d+\]$/, '')}: ${gap.because}.`,
      advice: gap.advice,
    });
  }
  return findings;
}

function isEmpty(value: { kind: string; items?: readonly unknown[]; entries?: readonly unknown[] }): boolean {
  return (
    (value.kind === 'list' && value.items?.length === 0) ||
    (value.kind === 'map' && value.entries?.length === 0)
  );
}
