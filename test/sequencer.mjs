import Sequencer from '@jest/test-sequencer';

/**
 * On a fresh clone jest knows no durations and begins with the largest files. These take longest, and most of their time is
 * waiting: one of them that began last would keep the other workers waiting for it.
 */
const LONGEST = [
  'kill/kill',
  'git/push.',
  'transcripts/transcripts',
  'docker/isolation',
  'causes/causes',
  'contracts/docker',
  'bad-input/',
  'by-name',
  'same-words',
  'asking',
  'private',
];

export default class LongestFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    if (sorted.some(({ duration }) => duration !== undefined)) return sorted;
    const rank = ({ path }) => {
      const at = LONGEST.findIndex((part) => path.includes(part));
      return at < 0 ? LONGEST.length : at;
    };
    return sorted.toSorted((one, other) => rank(one) - rank(other));
  }
}
