/**
 * The process's peak resident memory, per run of a benchmark where the system allows it.
 */
import { readFileSync, writeFileSync } from 'node:fs';

/**
 * Starts a new peak at what is resident now (Linux: 5 written to clear_refs). Where that is refused the peak goes on since
 * the process began, which is an upper bound.
 */
export function resetPeakRss(): void {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    // Not Linux, or a container that protects /proc: peakRssBytes states the peak of the whole process.
  }
}

/** Most memory resident since {@link resetPeakRss}, all threads together, bytes. */
export function peakRssBytes(): number {
  try {
    const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (kib !== undefined) {
      return Number(kib) * 1024;
    }
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS * 1024;
}
