import { partsOf } from '../event.ts';
import type { Wish } from '../reconciler/index.ts';

/** With the bot's own ones no more than Loki takes of a stream (15). */
const MOST_METADATA = 7;
const LONGEST_VALUE = 256;

/** What every line of a group is labelled with: its place, and what its file says under `diagnostics.logAnalytics`. */
export function labelsOf({ key, location, repository, revision }: Wish): Record<string, string> {
  const { environment, name } = partsOf(key);
  const { logType, metadata } = revision.group.diagnostics?.logAnalytics ?? {};
  const own = {
    group: name,
    environment,
    location,
    repository,
    ...(logType === undefined ? {} : { log_type: logType }),
  };
  const given = Object.entries(metadata ?? {})
    .slice(0, MOST_METADATA)
    .map(([label, value]) => [labelName(label), value.slice(0, LONGEST_VALUE)] as const);
  return { ...Object.fromEntries(given), ...own };
}

/** As Prometheus and Loki spell names: anything else in one becomes `_`. */
function labelName(text: string): string {
  return text
    .slice(0, 64)
    .replace(/[^a-zA-Z0-9_]/g, '_')
    .replace(/^(?=\d)/, '_');
}
