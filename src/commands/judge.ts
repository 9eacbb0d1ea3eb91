import { Failure } from '../failure.ts';
import {
  type Admission,
  CONFIRM_WITHIN_MS,
  confirmRefusal,
  type Needs,
  type Proposal,
  personOf,
  type Refusal,
  type Right,
  standingOf,
  UNCONFIRMED,
} from '../policy/index.ts';
import type { Block, Outcome } from '../replies/index.ts';
import * as say from '../replies/index.ts';
import { type KnownPlace, knownIn, placeOf } from './about.ts';
import { commandText } from './command-text.ts';
import { decideOn, isReading } from './decide.ts';
import { breakGlass } from './glass.ts';
import type { Ground } from './ground.ts';
import { helpFor, helpText } from './help.ts';
import { freshName, type Held, holdBack, specHash } from './hold.ts';
import { parse, parseLine } from './parse.ts';
import { decisionText } from './record.ts';
import type { Command, RunVerb, Said } from './verb.ts';

/** A command that was understood and allowed, or the answer that it gets instead; and what the audit keeps of it. */
export interface Judged {
  readonly verdict: Allowed | { readonly answer: Outcome };
  /** Whether it takes no more than to look. */
  readonly reading: boolean;
  readonly decision: string;
  readonly group: string;
  readonly environment: string;
}

export interface Allowed {
  readonly command: Command;
  readonly run: RunVerb;
  readonly admission: Extract<Admission, { allowed: true }>;
  /** What was approved for it. */
  readonly proposal: Proposal | undefined;
  /** To be told before anything else. */
  readonly told: readonly Block[];
}

const NOWHERE = { reading: false, group: '', environment: '' };

/** Understands what was said and decides on it. Throws nothing that people can mend. */
export async function judge(
  ground: Ground,
  said: Said,
  runs: Readonly<Record<string, RunVerb>>,
): Promise<Judged> {
  let command: Command;
  try {
    command = await commandOf(ground, said);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { ...NOWHERE, verdict: { answer: say.failedOutcome(error) }, decision: `refused: ${error.code}` };
  }
  const { name, right } = command.verb;
  if (name === 'help')
    return {
      ...NOWHERE,
      reading: true,
      decision: 'allowed: anybody',
      verdict: { answer: helped(said, command) },
    };
  if (name === 'confirm') return confirmed(ground, said, command, runs);
  const run = runs[name];
  if (!run || right === null)
    return refusedAs(NOWHERE, {
      allowed: false,
      code: 'wrong-surface',
      message: `${name} is not something to ask the bot.`,
      advice: 'katabot help lists the verbs.',
    });
  const known = await placeOf(ground, command, said.here);
  const about = {
    reading: isReading(command.verb),
    group: known.group,
    environment: known.place.environment ?? '',
  };
  const admission = await admissionTo(ground, said, command, right, known);
  if (!admission.allowed) return refusedAs(about, admission);
  const { verdict, decision } = await letThrough(ground, said, { command, run, admission }, known);
  return { ...about, verdict, decision };
}

function refusedAs(about: Omit<Judged, 'verdict' | 'decision'>, refusal: Refusal): Judged {
  const { code, message, advice } = refusal;
  return {
    ...about,
    decision: decisionText(refusal),
    verdict: { answer: say.refused(code, message, advice) },
  };
}

function helped({ surface }: Said, { words: [topic = ''] }: Command): Outcome {
  const text = topic ? helpFor(topic) : helpText(surface);
  return say.done('help', { text }, [{ kind: 'verbatim', text }]);
}

/** Words as a shell gives them, or a line of text with quotes of its own. */
async function commandOf({ desired }: Ground, { words, line, surface, here }: Said): Promise<Command> {
  if (line === undefined) return parse(words, surface);
  const command = parseLine(line, surface, knownIn(await desired.list(), here));
  if (command) return command;
  throw new Failure('usage', 'This is no command.', { advice: 'A command begins with /kata: /kata help' });
}

/** What was held back, said by the same person as meant: it is judged as if it had been said so at once. */
async function confirmed(
  ground: Ground,
  said: Said,
  { words: [id = ''] }: Command,
  runs: Readonly<Record<string, RunVerb>>,
): Promise<Judged> {
  const kept = await ground.confirmations.get(id);
  const refusal = confirmRefusal(kept, personOf(said.caller), ground.clock.now());
  if (refusal || !kept) return refusedAs(NOWHERE, refusal ?? missing());
  // Whoever is first takes it: two clicks are one deed.
  if (!(await ground.confirmations.take(id))) return refusedAs(NOWHERE, missing());
  return judge(ground, { ...said, words: [], line: kept.line }, runs);
}

function missing(): Refusal {
  return {
    allowed: false,
    code: 'confirmation-unknown',
    message: 'It was confirmed a moment ago.',
    advice: 'Nothing more is to be done.',
  };
}

/** The right, what the place itself asks, and whether it is meant. */
async function admissionTo(
  ground: Ground,
  said: Said,
  command: Command,
  right: Right | 'anybody',
  known: KnownPlace,
): Promise<Admission> {
  const allowed = decideOn(ground, said, command, right, known);
  if (!allowed.allowed) return allowed;
  const admission =
    said.here && command.verb.mutating
      ? await said.here.admit(command)
      : { ...allowed, allowed: true as const };
  if (!admission.allowed) return admission;
  return (await unconfirmed(ground, said, command, known, admission)) ?? admission;
}

/** A protected environment is changed by who says that they mean it: with `--yes`, or by confirming what is offered. */
async function unconfirmed(
  ground: Ground,
  { caller, surface, files = [], secret }: Said,
  command: Command,
  { place }: KnownPlace,
  { commit, isProtected = false }: Extract<Admission, { allowed: true }>,
): Promise<Refusal | undefined> {
  const { verb, options } = command;
  const asks = verb.confirms && verb.options.some(({ name }) => name === 'yes');
  const meant = options['yes'] === true || options['dry-run'] === true;
  if (!asks || meant || !(isProtected || ground.policy.isProtected(place.environment ?? '')))
    return undefined;
  const pinned = commit === undefined || verb.name !== 'deploy' ? {} : { commit };
  const line = commandText({ ...command, ...pinned, options: { ...options, yes: true } });
  const { code, message, advice } = UNCONFIRMED;
  // The command line asks by itself, and what came along besides words is not kept.
  if (surface === 'cli' || files.length || secret)
    return { allowed: false, code, message, advice: `${advice} ${line}` };
  const id = freshName('yes');
  const expiresAtMs = ground.clock.now() + CONFIRM_WITHIN_MS;
  await ground.confirmations.add({ id, person: personOf(caller), line, expiresAtMs });
  return { allowed: false, code, message, advice: say.confirmAdvice(id, line) };
}

/** What was allowed goes now, or waits for people and the clock. */
async function letThrough(
  ground: Ground,
  said: Said,
  allowed: Pick<Allowed, 'command' | 'run' | 'admission'>,
  known: KnownPlace,
): Promise<Pick<Judged, 'verdict' | 'decision'>> {
  const { command, admission } = allowed;
  const { needs } = admission;
  const glass =
    command.options['break-glass'] === true ? breakGlass(ground, said, command, known, needs) : undefined;
  if (glass && 'allowed' in glass) return refusedAs(NOWHERE, glass);
  const { rule, left, told } = glass ?? { rule: admission.rule, left: needs, told: [] };
  const held: Held =
    left && said.here && command.options['dry-run'] !== true
      ? await heldBack(ground, said, allowed, left)
      : { goes: undefined };
  if ('allowed' in held) return refusedAs(NOWHERE, held);
  if ('goes' in held)
    return { decision: `allowed: ${rule}`, verdict: { ...allowed, proposal: held.goes, told } };
  const nowMs = ground.clock.now();
  const answer = say.waiting(held.waits, standingOf(held.waits, nowMs), nowMs);
  return { decision: `waits: ${held.waits.id}`, verdict: { answer } };
}

async function heldBack(
  ground: Ground,
  { here, caller, proposal }: Said,
  { command, admission }: Pick<Allowed, 'command' | 'admission'>,
  needs: Needs,
): Promise<Held> {
  if (!here) return { goes: undefined };
  const { commit, files } = await here.source(admission.commit);
  const { reason } = command.options;
  return holdBack(ground, {
    subject: {
      repository: here.repository,
      environment: command.environment ?? here.environment,
      commit,
      spec: specHash(files),
      group: command.target?.name ?? '',
    },
    needs,
    requester: { person: personOf(caller), name: caller.name.replace(/^github:/, '') },
    reason: typeof reason === 'string' ? reason : '',
    pull: here.pull,
    branch: '',
    proposal,
  });
}
