import { createHash } from 'node:crypto';

const PRODUCTION = 'production';
const LONGEST = 40;

/** The default branch is production; every other branch an environment of its own, named after it. Pure. */
export function environmentOf(branch: string, defaultBranch: string): string {
  if (branch === defaultBranch) return PRODUCTION;
  const plain = branch
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '');
  if (plain === branch && plain.length <= LONGEST && plain !== PRODUCTION) return plain;
  // Changed names could meet (Feature/X and feature-x); four characters of the real name keep them apart.
  const hash = createHash('sha256').update(branch).digest('hex').slice(0, 4);
  return `${plain.slice(0, LONGEST - 5).replace(/-+$/, '') || 'branch'}-${hash}`;
}
