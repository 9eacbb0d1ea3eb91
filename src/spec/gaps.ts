import { isAbsent, type Node } from './node.ts';
import type { Finding, Gap } from './problem.ts';
import type { Places } from './understand.ts';

/** Every place of the document where it asks for something the engine cannot do yet. */
export function gapFindings(places: Places, gaps: readonly Gap[]): Finding[] {
  if (!gaps.length) return [];
  const system = places.get('properties.osType')?.value;
  const told = gaps.filter(({ osType }) => osType === undefined || (system && isValue(system, osType)));
  const byPath = Map.groupBy(told, ({ path }) => path);
  const findings: Finding[] = [];
  for (const [path, { value }] of places) {
    const candidates = byPath.get(path.replace(/\[\d+\]/g, '[*]'));
    if (!candidates || isAbsent(value) || isEmpty(value)) continue;
    const gap = candidates.find(
      ({ equals, except = [] }) =>
        (equals === undefined || isValue(value, equals)) && !except.some((each) => isValue(value, each)),
    );
    if (!gap) continue;
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

/** As choices are read: in any case, blanks or not. */
function isValue(value: Node, wanted: string): boolean {
  const plain = (text: string) => text.toLowerCase().replace(/\s/g, '');
  return value.kind === 'scalar' && plain(value.text) === plain(wanted);
}

function isEmpty(value: Node): boolean {
  return (
    (value.kind === 'list' && value.items.length === 0) ||
    (value.kind === 'map' && value.entries.length === 0)
  );
}
