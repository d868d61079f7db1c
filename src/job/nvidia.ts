/**
 * The NVIDIA cards of this machine, as their driver names them.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const TIMEOUT_MS = 5000;

/** One card. */
export interface NvidiaCard {
  readonly name: string;
  readonly driver: string;
}

/** Cards listed by nvidia-smi; none where it is missing or fails. */
export async function nvidiaCards(): Promise<readonly NvidiaCard[]> {
  try {
    const query = ['--query-gpu=name,driver_version', '--format=csv,noheader'];
    const { stdout } = await promisify(execFile)('nvidia-smi', query, { timeout: TIMEOUT_MS });
    return stdout
      .split('\n')
      .map((line) => line.split(',').map((part) => part.trim()))
      .flatMap(([name, driver]) => (name && driver ? [{ name, driver }] : []));
  } catch {
    return [];
  }
}
