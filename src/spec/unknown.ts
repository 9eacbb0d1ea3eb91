import { placesNamed } from './elsewhere.ts';
import { distanceBetween, nearestWord } from './nearest.ts';
import type { Finding } from './problem.ts';

/** What to say of a property that does nothing: ACI ignores it without a word, here people hear where it belongs. */
export function unknownFinding(
  name: string,
  place: string,
  path: string,
  siblings: readonly string[],
): Finding {
  const finding = (code: string, message: string, advice: string): Finding => ({
    severity: 'warning',
    code,
    path: place,
    atKey: true,
    message,
    advice,
  });
  const foreign = FOREIGN.get(name.toLowerCase());
  if (foreign) return finding('unknown-property', foreign.message, foreign.advice);
  const glued = siblings.find((sibling) => name.toLowerCase().startsWith(`${sibling.toLowerCase()}:`));
  if (glued)
    return finding(
      'unknown-property',
      'A blank is missing after the colon.',
      `Write ${glued}: and the value after a blank.`,
    );
  const near = nearestWord(name, siblings);
  const [belongs] = placesNamed(name, path);
  if (belongs && !(near && distanceBetween(name, near) === 1)) {
    return finding(
      'misplaced-property',
      `"${name}" does nothing here; ACI ignores it without a word.`,
      `It belongs to ${belongs}.`,
    );
  }
  const advice = near ? `Did you mean ${near}?` : 'Remove it, or check its spelling.';
  return finding('unknown-property', `"${name}" is no property of a container group; it is ignored.`, advice);
}

/** Names that people bring from elsewhere. */
const FOREIGN = new Map([
  ['api-version', { message: 'ACI ignores api-version.', advice: 'Write apiVersion.' }],
  [
    'startupprobe',
    { message: 'ACI has no startup probe.', advice: 'Use livenessProbe with initialDelaySeconds.' },
  ],
  [
    'tcpsocket',
    {
      message: 'ACI probes by exec and httpGet only.',
      advice: 'Use httpGet, or exec with a program that connects.',
    },
  ],
  [
    'timetolive',
    {
      message: 'timeToLive is a property of ACI’s container group profiles.',
      advice: 'Remove it; a group lives until its file is deleted.',
    },
  ],
  [
    'shutdowngraceperiod',
    {
      message: 'shutdownGracePeriod is a property of ACI’s container group profiles.',
      advice: 'Remove it.',
    },
  ],
  ['grpc', { message: 'ACI probes by exec and httpGet only.', advice: 'Use exec with a program that asks.' }],
  ['args', { message: 'ACI has no args.', advice: 'Put program and arguments into command.' }],
  [
    'env',
    {
      message: 'ACI calls it environmentVariables.',
      advice: 'Write environmentVariables, with name and value.',
    },
  ],
]);
