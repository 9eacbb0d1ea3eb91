import { webApi } from '@slack/bolt';
import { Gone, Later, Refused } from '../../mail/index.ts';

const OUTAGE_PAUSE_MS = 5_000;

/** Slack's own words for trouble of its own. */
const PASSING = /^(internal_error|fatal_error|service_unavailable|request_timeout|team_added_to_org)$/;
const LIMITED = /^(ratelimited|rate_limited|message_limit_exceeded)$/;
const GONE = /^(message_not_found|cant_update_message|edit_window_closed|thread_not_found)$/;
const BLOCKS =
  /^(invalid_blocks|invalid_blocks_format|msg_blocks_too_long|block_mismatch|markdown_text_conflict)$/;

/** What an answer of Slack's means for the write: wait with all of them, give this one up, make it anew, or try again. */
export function judged(error: unknown): unknown {
  if (error instanceof webApi.WebAPIRateLimitedError)
    return new Later('Slack wants to be left alone', { retryAfterMs: error.retryAfter * 1_000 });
  if (error instanceof webApi.WebAPIRequestError)
    return new Later(`Slack: ${error.message.slice(0, 300)}`, { firstPauseMs: OUTAGE_PAUSE_MS });
  if (error instanceof webApi.WebAPIHTTPError) {
    const why = `Slack answers ${error.statusCode}`;
    return error.statusCode >= 500 ? new Later(why, { firstPauseMs: OUTAGE_PAUSE_MS }) : new Refused(why);
  }
  const code = codeOf(error);
  if (code === undefined) return error;
  if (LIMITED.test(code)) return new Later(`Slack: ${code}`);
  if (PASSING.test(code)) return new Later(`Slack: ${code}`, { firstPauseMs: OUTAGE_PAUSE_MS });
  if (GONE.test(code)) return new Gone(`Slack: ${code}`);
  return new Refused(`Slack: ${code}`);
}

/** Whether a workspace does not take these blocks. */
export function isBlockTrouble(error: unknown): boolean {
  return BLOCKS.test(codeOf(error) ?? '');
}

/** Whether a request that failed may have done its work all the same: its answer was lost. */
export function mayHaveHappened(error: unknown): boolean {
  return (
    error instanceof webApi.WebAPIRequestError && !/ECONNREFUSED|ENOTFOUND|EAI_AGAIN/.test(causes(error))
  );
}

function causes(error: unknown): string {
  const seen: string[] = [];
  for (let each: unknown = error; each instanceof Error && seen.length < 6; each = original(each)) {
    seen.push(`${'code' in each ? String(each.code) : ''} ${each.message}`);
  }
  return seen.join(' ');
}

function original(error: Error): unknown {
  return error instanceof webApi.WebAPIRequestError ? error.original : error.cause;
}

/** Slack's word for what is wrong, such as `channel_not_found`. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof webApi.WebAPIPlatformError ? error.data.error : undefined;
}

/** Whether something failed because Slack or GitHub is away or wants to be left alone: it goes through later. */
export function isPassing(error: unknown): boolean {
  if (judged(error) instanceof Later) return true;
  const status = error instanceof Error && 'status' in error ? Number(error.status) : 0;
  if (status >= 500 || status === 429 || status === 403 || status === 401) return true;
  return (
    error instanceof Error &&
    /fetch failed|abort|timeout|network|socket/i.test(`${error.name} ${error.message}`)
  );
}
