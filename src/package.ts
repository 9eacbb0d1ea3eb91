import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';

/** The folder of the program, whether its sources run or what was made of them in `dist`. */
const ROOT = dirname(findPackageJSON('.', import.meta.url) ?? '');

/** The full path of a file that comes with the program, such as `app.yml` or `src/engines/docker/enter/x86_64`. */
export function packageFile(...path: readonly string[]): string {
  return join(ROOT, ...path);
}
