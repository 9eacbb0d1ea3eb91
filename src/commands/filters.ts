import { picosOf } from '../metering/index.ts';
import { type Filters, TOLD } from '../policy/index.ts';
import { nearestWord } from '../spec/index.ts';
import { type Said, saidAs, usage, type Word } from './words.ts';

const KINDS = ['env', 'on'] as const;
const ENVIRONMENT = /^[a-z0-9*][a-z0-9*-]{0,39}$/;
const COST = /^cost>(.*)$/;
const AMOUNT = /^\d{1,9}(\.\d{1,6})?$/;
const EXAMPLE = 'Write for example env:production on:failed,removed cost>5/h';

/**
 * What stands behind `subscribe REPOSITORY`: `env:staging,pr-*`, `on:failed,deployed`, `cost>5/h`, each once and in any order.
 * Without any: everything that happens in every environment. Pure; throws a Failure `usage` with a caret.
 */
export function filtersIn(repository: string, given: readonly string[]): Filters {
  const said = saidAs(['subscribe', repository, ...given], '/kata');
  const parts = said.words.slice(2).flatMap((word) => partsOf(word, said));
  const [twice] = parts.filter(
    ({ kind, value }, at) => parts.findIndex((each) => each.kind === kind && each.value === value) !== at,
  );
  if (twice) throw usage('That is said twice.', said, twice, EXAMPLE);
  const of = (kind: Part['kind']) => parts.filter((part) => part.kind === kind);
  const [limit, second] = of('cost');
  if (second) throw usage('There is one limit of the price.', said, second, EXAMPLE);
  const [environments, on] = [of('env').map(({ value }) => value), of('on').map(({ value }) => value)];
  return {
    environments: environments.length ? environments : ['*'],
    on: on.length || limit ? TOLD.filter((each) => on.includes(each)) : TOLD,
    abovePicosPerHour: limit ? picosOf(limit.value) : null,
  };
}

/** One thing that is asked for, and where it stands in the line. */
interface Part {
  readonly kind: 'env' | 'on' | 'cost';
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

function partsOf(word: Word, said: Said): Part[] {
  const first = word.start + (/['"]/.test(said.line[word.start] ?? '') ? 1 : 0);
  const colon = word.text.indexOf(':');
  if (colon < 0) return [costIn({ text: word.text, start: first }, said)];
  const kind = kindIn(word.text.slice(0, colon), first, said);
  let start = first + colon + 1;
  return word.text
    .slice(colon + 1)
    .split(',')
    .map((text) => {
      const piece = { text, start };
      start += text.length + 1;
      if (kind === 'env') return environmentIn(piece, said);
      return COST.test(text) ? costIn(piece, said) : toldIn(piece, said);
    });
}

interface Piece {
  readonly text: string;
  readonly start: number;
}

function kindIn(text: string, start: number, said: Said): (typeof KINDS)[number] {
  const kind = KINDS.find((each) => each === text.toLowerCase());
  if (kind) return kind;
  const near = nearestWord(text.toLowerCase(), KINDS);
  throw wrong({ text, start }, said, `There is no filter "${text}"`, near && `${near}:`);
}

function environmentIn(piece: Piece, said: Said): Part {
  if (ENVIRONMENT.test(piece.text)) return { kind: 'env', value: piece.text, ...placeOf(piece) };
  throw wrong(piece, said, `"${piece.text}" is no environment, such as production or pr-*`);
}

function toldIn(piece: Piece, said: Said): Part {
  const told = TOLD.find((each) => each === piece.text.toLowerCase());
  if (told) return { kind: 'on', value: told, ...placeOf(piece) };
  const near = nearestWord(piece.text.toLowerCase(), TOLD);
  throw wrong(piece, said, `"${piece.text}" is none of ${TOLD.join(', ')}`, near);
}

/** `cost>5/h`: money of the currency in which the bot counts. */
function costIn(piece: Piece, said: Said): Part {
  const rate = COST.exec(piece.text)?.[1];
  if (rate === undefined) throw wrong(piece, said, `"${piece.text}" is no filter`);
  const [amount = '', ...unit] = rate.split('/');
  if (AMOUNT.test(amount) && unit.join('/') === 'h')
    return { kind: 'cost', value: amount, ...placeOf(piece) };
  throw wrong(piece, said, `"${piece.text}" is no price an hour, such as cost>5/h`);
}

function placeOf({ text, start }: Piece): { start: number; end: number } {
  return { start, end: start + Math.max(1, text.length) };
}

function wrong(piece: Piece, said: Said, what: string, near?: string | undefined) {
  return usage(`${what}.`, said, placeOf(piece), near ? `Did you mean ${near}? ${EXAMPLE}` : EXAMPLE);
}
