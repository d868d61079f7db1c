/**
 * The command line as a person runs it, in a process of its own.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach } from 'vitest';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const LINE_TIMEOUT_MS = 60_000;
/** Those of the test at work. */
const started: LimpidProcess[] = [];

// None that a test failed to end takes the cores from the next ones.
afterEach(async () => void (await Promise.all(started.splice(0).map((limpid) => limpid.dispose()))));

/** A limpid command at work. */
export class LimpidProcess {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #watchers = new Set<() => void>();
  #stdout = '';
  readonly #closed: Promise<unknown>;
  /** All it wrote is here. */
  #isClosed = false;

  constructor(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(process.execPath, [MAIN, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
    });
    if (this.#child.stderr !== null) {
      createInterface({ input: this.#child.stderr }).on('line', (line) => {
        this.#lines.push(line);
        this.#notify();
      });
    }
    this.#closed = once(this.#child, 'close').then(() => {
      this.#isClosed = true;
      this.#notify();
    });
    started.push(this);
  }

  /** What it wrote on stderr so far. */
  get stderr(): string {
    return this.#lines.join('\n');
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The signal that ended it, where one did. */
  get signal(): NodeJS.Signals | null {
    return this.#child.signalCode;
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) {
      // A signal to process -1 goes to every process.
      throw new Error('Expected a limpid process but it could not be started');
    }
    return pid;
  }

  /** The first line of stderr that matches, from now or before; fails when the process ends without it. */
  line(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const fail = (why: string) => {
        this.#watchers.delete(look);
        clearTimeout(timer);
        reject(new Error(`Expected a line like ${pattern} but ${why}:\n${this.stderr}`));
      };
      const timer = setTimeout(() => fail(`none came in ${LINE_TIMEOUT_MS} ms`), LINE_TIMEOUT_MS);
      const look = () => {
        const match = this.#lines.map((line) => pattern.exec(line)).find((found) => found !== null);
        if (match) {
          this.#watchers.delete(look);
          clearTimeout(timer);
          resolve(match);
        } else if (this.#isClosed) {
          fail('the process ended');
        }
      };
      this.#watchers.add(look);
      look();
    });
  }

  /** Address of the viewer, once it is up. */
  async url(): Promise<string> {
    const [, url = ''] = await this.line(/viewer at (http:\S+)/);
    return url;
  }

  /** Waits for its end. */
  async end(): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
    await this.#closed;
    return { code: this.#child.exitCode, stdout: this.#stdout, stderr: this.stderr };
  }

  /** Asks it to stop and waits for its end. */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
    this.#child.kill(signal);
    return (await this.end()).code;
  }

  /** Ends it in whatever state it is. */
  async dispose(): Promise<void> {
    if (this.running) {
      this.#child.kill('SIGKILL');
      await this.#closed;
    }
  }

  #notify(): void {
    for (const watcher of [...this.#watchers]) {
      watcher();
    }
  }
}
