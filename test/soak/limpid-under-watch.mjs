/**
 * What the long proofs share: cameras, a `limpid run` of its own, and its figures from outside. Needs `npm run build`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';

const root = fileURLToPath(new URL('../..', import.meta.url));
const KIB_PER_MIB = 1_024;
/** Time between two looks at the streams. Its own requests should not load the machine. */
const LOOK_MS = 50;

/** An RTSP camera at `rtsp://127.0.0.1:<port>/live`; resolves with its process when it listens. */
export async function startCamera({ port, width = 160, height = 96, fps = 10 }) {
  const size = ['--width', width, '--height', height, '--fps', fps, '--port', port].map(String);
  const child = spawn('/usr/bin/python3', [join(root, 'test/fixtures/rtsp-server.py'), ...size], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('ready')) {
      return child;
    }
  }
  throw new Error(`The camera at port ${port} did not start`);
}

/** SIGKILL, and wait until it is gone. */
export async function kill(child) {
  if (isRunning(child)) {
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
}

function isRunning({ exitCode, signalCode }) {
  return exitCode === null && signalCode === null;
}

/** One `limpid run` at work on a configuration. */
export class WatchedLimpid {
  /** Folder for its recordings, removed at the end. */
  folder = mkdtempSync(join(tmpdir(), 'limpid-soak-'));
  /** Lines of its log, as objects, the newest last. */
  log = [];
  #port;
  #child;

  /** @param streams YAML lines below `streams:`, or a function of the scratch folder that gives them */
  constructor(port, streams) {
    this.#port = port;
    const config = join(this.folder, 'config.yaml');
    const lines = typeof streams === 'function' ? streams(this.folder) : streams;
    writeFileSync(config, `server: { port: ${port} }\nstreams:\n${lines}`);
    this.#child = spawn(process.execPath, [join(root, 'dist/cli/main.js'), 'run', config], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, LIMPID_LOG: 'json' },
    });
    createInterface({ input: this.#child.stderr }).on('line', (line) => {
      this.log.push(line);
      this.log.splice(0, this.log.length - 1_000);
    });
  }

  get pid() {
    return this.#child.pid;
  }

  /** Status of every stream by its name, as `/api/streams` has it; empty while the server does not answer. */
  async streams() {
    const response = await fetch(`http://127.0.0.1:${this.#port}/api/streams`).catch(() => undefined);
    const { streams = [] } = (await response?.json()) ?? {};
    return Object.fromEntries(streams.map((status) => [status.name, status]));
  }

  /** Resolves with the streams' status once it satisfies `ready`. */
  async until(ready, timeoutMs = 60_000) {
    for (const endMs = Date.now() + timeoutMs; Date.now() < endMs; await pause(LOOK_MS)) {
      const streams = await this.streams();
      if (ready(streams)) {
        return streams;
      }
    }
    throw new Error(
      `Not within ${timeoutMs} ms: ${JSON.stringify(await this.streams())}\n${this.log.slice(-20).join('\n')}`,
    );
  }

  /** Open files and resident memory of the main process, and the memory and number of it and all below it. */
  figures() {
    const family = descendants(this.pid);
    return {
      fds: readdirSync(`/proc/${this.pid}/fd`).length,
      rssMib: residentMib(this.pid),
      processes: family.length,
      allRssMib: family.reduce((sum, pid) => sum + residentMib(pid), 0),
    };
  }

  /** SIGKILL of the main process alone. */
  kill() {
    return kill(this.#child);
  }

  /** Ends it, in whatever state it is, and removes its folder. */
  async stop() {
    if (isRunning(this.#child)) {
      const gone = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      await gone;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Somebody who watches a stream: `frames` so far and the `gaps` between their arrivals, ms, since the last {@link restart}. */
export class Viewer {
  gapsMs = [];
  frames = 0;
  #lastMs;
  #socket;

  /** @param query what follows the stream's name in the address */
  constructor(port, name, query = '') {
    this.#socket = new WebSocket(`ws://127.0.0.1:${port}/streams/${name}${query}`);
    this.#socket.on('error', () => undefined);
    this.#socket.on('message', (_data, binary) => {
      if (binary) {
        const nowMs = performance.now();
        this.gapsMs.push(...(this.#lastMs === undefined ? [] : [nowMs - this.#lastMs]));
        this.#lastMs = nowMs;
        this.frames += 1;
      }
    });
  }

  /** Reads nothing from now on, but stays connected. */
  stopReading() {
    this.#socket.pause();
  }

  /** The figures since the last call of this, which start anew. */
  take() {
    const [gaps, frames] = [this.gapsMs, this.frames];
    this.gapsMs = [];
    this.frames = 0;
    const at = (share) => Math.round(quantile(gaps, share) ?? 0);
    return { frames, gapMs: { p50: at(0.5), p99: at(0.99), longest: at(1) } };
  }

  close() {
    this.#socket.terminate();
  }
}

/** A process and all below it. */
export function descendants(pid) {
  let children = '';
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      children += readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8');
    }
  } catch {
    return []; // it has just ended
  }
  return [
    pid,
    ...children
      .split(' ')
      .filter(Boolean)
      .flatMap((child) => descendants(Number(child))),
  ];
}

function residentMib(pid) {
  try {
    const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0;
    return Math.round(Number(kib) / KIB_PER_MIB);
  } catch {
    return 0;
  }
}

/** Smallest value that at least this share of the values do not exceed. */
export function quantile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
