import type { Command } from '../../commands/index.ts';
import { Failure } from '../../failure.ts';
import { rate, sizeOf } from '../../metering/index.ts';
import type { Block, Outcome } from '../../replies/index.ts';
import * as say from '../../replies/index.ts';
import { groupSize, readGroup } from '../../spec/index.ts';
import { filesOf } from './files.ts';
import type { CliParts } from './parts.ts';

/** What can be said of a file without a bot: whether it is right, how large the group is, what it costs. */
export async function runOffline(command: Command, parts: CliParts): Promise<Outcome> {
  const [given] = await filesOf(command, parts);
  if (!given || command.target) {
    throw new Failure('usage', 'Without a bot, only a file can be looked at.', {
      advice: 'katabot plan --file containergroup.yaml --offline',
    });
  }
  const file = given.path === '-' ? 'standard input' : given.path;
  const { group, problems } = readGroup(given.text, { file });
  const shown: Block[] = problems.map((problem) => say.problemBlock(problem, given.text));
  if (!group) {
    const { blocks, ...outcome } = say.invalid(problems);
    return { ...outcome, blocks: [...shown, ...blocks] };
  }
  const price = rate(sizeOf(group), parts.prices(group.location));
  const blocks: Block[] = [
    ...shown,
    say.specStage(file, group, groupSize(group), 0),
    say.priceStage(price),
    { kind: 'text', text: '    Not looked at: what runs, what there is room for, and what you may do.' },
  ];
  return say.done(
    'plan-offline',
    { file, group: group.name, size: groupSize(group), price, problems },
    blocks,
  );
}
