import { formatMoney, type Money } from '../metering/index.ts';
import type { Change } from '../spec/index.ts';
import type { Block } from './document.ts';
import { priceStage, stage } from './push.ts';

// What the bot says of a deploy that is only asked about.

interface Rate {
  readonly perSecond: Money;
  readonly perHour: Money;
}

/** The price now and after; one line when there is nothing to compare with. */
export function priceChange(before: Rate | undefined, after: Rate): Block[] {
  if (!before) return [priceStage(after)];
  const digits = { digits: 4 };
  const more = after.perHour.picos - before.perHour.picos;
  const sign = more < 0n ? '-' : '+';
  const difference = formatMoney({ ...after.perHour, picos: more < 0n ? -more : more } as Money, digits);
  const text =
    more === 0n
      ? `${formatMoney(after.perHour, digits)} /h, as before`
      : `${formatMoney(before.perHour, digits)} /h now, ${formatMoney(after.perHour, digits)} /h after (${sign}${difference})`;
  return [stage('done', 'price', text)];
}

/** Every property that would differ; secrets are hidden where changes are made. */
export function changeTable(changes: readonly Change[]): Block {
  return {
    kind: 'table',
    columns: ['property', 'now', 'after', 'takes'],
    rows: changes.map(({ path, from, to, effect }) => [path, from || '–', to || '–', effect]),
  };
}

export function capacityStage(location: string, wantedBytes: number, facts: { memoryBytes: number }): Block {
  const gb = (bytes: number) => `${Math.round((bytes / 2 ** 30) * 10) / 10} GB`;
  return stage('done', 'room', `${location} has it: ${gb(wantedBytes)} of ${gb(facts.memoryBytes)}`);
}

/** The answer that the list above leads to. */
/** `waits`: what it has to wait for is said above. */
export function verdictStage(wouldDeploy: boolean, waits = false): Block {
  if (wouldDeploy && waits) return stage('done', 'verdict', 'it would wait for that, and then be deployed');
  return wouldDeploy
    ? stage('done', 'verdict', 'it would be deployed')
    : stage('failed', 'verdict', 'it would not be deployed: see the first ✗ above');
}

export function placeStage(environment: string, url: string): Block {
  return stage('done', 'goes to', url ? `${environment} · ${url}` : environment);
}
