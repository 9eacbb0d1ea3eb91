import { Failure } from '../../failure.ts';
import * as say from '../../replies/index.ts';
import { drained, type Push, type PushOptions, type Show } from './push.ts';

const MOST_COMMANDS = 5;

/** Before a ref moves: every option that is a command is right. Throws a Failure otherwise, and the push is refused. */
export function checkOptions(commands: PushOptions, options: readonly string[], show: Show): string[] {
  const said = options.filter((option) => {
    const isCommand = commands.check(option);
    if (!isCommand) show(say.optionIgnored(option));
    return isCommand;
  });
  if (said.length <= MOST_COMMANDS) return said;
  throw new Failure(
    'too-many-commands',
    `This push says ${said.length} commands; ${MOST_COMMANDS} is the most.`,
    {
      advice: 'Say the others with katabot, or with the next push.',
    },
  );
}

/** After the deploys: one after another; the first that does not end well is the last. */
export async function runOptions(
  commands: PushOptions,
  { options, caller, audience }: Pick<Push, 'options' | 'caller' | 'audience'>,
  show: Show,
): Promise<void> {
  for (const line of options) {
    show(say.commandHeading(line));
    const { kind } = await drained(commands.run(line, caller, audience.signal), show);
    if (kind !== 'done') return;
  }
}
