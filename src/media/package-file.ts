/**
 * Files of this package, found from the sources (tests) and from the compiled output alike.
 */
import { fileURLToPath } from 'node:url';

/** Absolute path of a file given relative to the package's root. `src/media` and `dist/media` are both two below it. */
export function packageFile(relativePath: string): string {
  return fileURLToPath(new URL(`../../${relativePath}`, import.meta.url));
}
