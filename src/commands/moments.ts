import { Failure } from '../failure.ts';

const DAY_MS = 86_400_000;

/** `18:00` is the next time that it is 18:00 (UTC); anything else an ISO 8601 time. Epoch ms. */
export function momentOf(text: string, nowMs: number): number {
  const clock = /^(\d{1,2}):(\d{2})$/.exec(text);
  if (clock) {
    const [hours, minutes] = [Number(clock[1]), Number(clock[2])];
    if (hours < 24 && minutes < 60) {
      const today = Math.floor(nowMs / DAY_MS) * DAY_MS + (hours * 60 + minutes) * 60_000;
      return today > nowMs ? today : today + DAY_MS;
    }
  }
  // Without a zone it would mean the bot's own, which nobody knows.
  const isDate = /^\d{4}-\d{2}-\d{2}/.test(text);
  const atMs = !isDate
    ? Number.NaN
    : /Z$|[+-]\d{2}:?\d{2}$/.test(text)
      ? Date.parse(text)
      : Date.parse(`${text}Z`);
  if (!Number.isNaN(atMs)) return atMs;
  throw new Failure('usage', `${text} is no time.`, { advice: 'Write 18:00 (UTC) or 2026-11-24T18:00Z.' });
}
