/**
 * A media process seen from the main process: one GStreamer pipeline in a child that can be stopped, killed and forgotten.
 *
 * The binding leaks, blocks and hangs, and a decoder may crash; none of that reaches the server from a process of its own.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { LimpidError } from '../errors/limpid-error.js';
import { redactUri } from '../log/redact.js';
import { requirePipes } from './child-pipes.js';
import { DECODER_TRACE_ENVIRONMENT, DecoderTrace } from './decoder-trace.js';
import { AUDIO_FD, MEDIA_FD, type MediaCommand, type MediaEvent } from './media-protocol.js';
import { packageFile } from './package-file.js';

/** How a media process is started. */
export interface MediaProcessOptions {
  /** The pipeline, holes filled. Its media end is `fdsink fd=3` or `fdsrc fd=3`. */
  readonly launch: string;
  /** Get ready but wait for `play`; default false. */
  readonly held?: boolean;
  /** How long the child may outlive this process to finish a file, ms; default 0. */
  readonly orphanMs?: number;
  /** Added to what the child inherits of this process's environment, which comes first. */
  readonly environment?: Readonly<Record<string, string>>;
  /** A second pipe, at `fdsrc fd=4` or `fdsink fd=4`, for encoded audio; default false. */
  readonly audio?: boolean;
  /** Told why the sound of a source's pipeline has ended before its pictures; the text is redacted. */
  readonly onSoundless?: (message: string) => void;
  /** Told the caps of each stream that no plugin knows what to do with. */
  readonly onUnhandled?: (caps: string) => void;
  /** Told how long the stream says it is, when it says so. */
  readonly onDuration?: (durationNs: bigint) => void;
  /** Told how long each picture was in its decoder, ms. Where it is given the pipeline is traced, which costs: see there. */
  readonly onDecoded?: ((elapsedMs: number) => void) | undefined;
}

/** How a media process ended. */
export type MediaEnd =
  /** The pipeline reached its end of stream. */
  | { readonly kind: 'eos' }
  /** `stop` or `dispose` ended it. */
  | { readonly kind: 'stopped' }
  /** GStreamer reported an error; texts are redacted. */
  | { readonly kind: 'error'; readonly element: string; readonly message: string; readonly debug: string }
  /** It died without a last word; `stderr` holds the last it wrote, redacted. */
  | { readonly kind: 'crashed'; readonly how: string; readonly stderr: string };

const ENTRY = 'dist/media/media-process-child.js';
const NS_PER_SECOND = 1_000_000_000;
const STDERR_TAIL_CHARACTERS = 4_000;
/** What a child inherits: where programs, plugins and caches are, and nothing else of the environment's secrets. */
const INHERITED =
  /^(PATH|HOME|TMPDIR|XDG_CACHE_HOME|XDG_RUNTIME_DIR|LD_LIBRARY_PATH|TZ|GST_.*|LIBVA_.*|CUDA_.*|NVIDIA_.*)$/;

/** A running child. Its lifetime ends with `ended`. */
export class MediaProcess {
  readonly pid: number | undefined;
  /** The media pipe: read it from a source, write it to a sink. */
  readonly media: Socket;
  /** The audio pipe, when one was asked for. */
  readonly audio: Socket | null;
  /** Resolves once, after the process is gone and its pipes are read to their end. Never rejects. */
  readonly ended: Promise<MediaEnd>;
  readonly #child: ChildProcess;
  readonly #commands: Writable;
  readonly #onDuration: (durationNs: bigint) => void;
  readonly #onSoundless: (message: string) => void;
  readonly #onUnhandled: (caps: string) => void;
  #lastWord: MediaEvent | null = null;
  readonly #keyNoted: (() => void)[] = [];
  #stderr = '';
  #stopping = false;
  #gone = false;

  private constructor(child: ChildProcess, options: MediaProcessOptions) {
    this.#child = child;
    this.pid = child.pid;
    const media = child.stdio[MEDIA_FD];
    if (!(media instanceof Socket) || child.stdin === null || child.stdout === null || child.stderr === null) {
      throw new LimpidError('ERR_MEDIA_PROCESS', 'Expected four pipes to a media process');
    }
    this.media = media;
    const audio = child.stdio[AUDIO_FD];
    this.audio = audio instanceof Socket ? audio : null;
    this.#commands = child.stdin;
    this.#onDuration = options.onDuration ?? (() => undefined);
    this.#onSoundless = options.onSoundless ?? (() => undefined);
    this.#onUnhandled = options.onUnhandled ?? (() => undefined);
    // A pipe breaks when the child dies; `ended` tells why.
    this.media.on('error', () => {});
    this.audio?.on('error', () => {});
    this.#commands.on('error', () => {});
    this.#listen(child.stdout, child.stderr, options.onDecoded);
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => resolve(this.#crash(error.message)));
      child.once('exit', () => {
        this.#gone = true;
      });
      child.once('close', (code, signal) => resolve(this.#end(signal ?? `exit code ${code}`)));
    });
    this.#send({
      type: 'launch',
      text: options.launch,
      held: options.held ?? false,
      orphanMs: options.orphanMs ?? 0,
    });
  }

  /** Starts a media process. Throws ERR_MEDIA_PROCESS when the package was not built, or no file descriptors are left. */
  static start(options: MediaProcessOptions): MediaProcess {
    const entry = packageFile(ENTRY);
    if (!existsSync(entry)) {
      throw new LimpidError(
        'ERR_MEDIA_PROCESS',
        `Expected the compiled media process at ${entry}; run "npm run build"`,
      );
    }
    const child = spawn(process.execPath, [entry], {
      stdio: ['pipe', 'pipe', 'pipe', 'pipe', ...(options.audio === true ? (['pipe'] as const) : [])],
      env: childEnvironment({ ...options.environment, ...(options.onDecoded && DECODER_TRACE_ENVIRONMENT) }),
      // Its own process group: Ctrl-C reaches this process only, which then lets recordings finish.
      detached: true,
    });
    requirePipes(child, 'ERR_MEDIA_PROCESS', 'a media process');
    return new MediaProcess(child, options);
  }

  /** Lets a pipeline run that was started held. */
  play(): void {
    this.#send({ type: 'play' });
  }

  /**
   * Makes the next picture written to `media` a key frame, of the encoder before the element of this name. Resolves when the
   * encoder has taken note, or the process is gone.
   */
  async forceKey(element: string): Promise<void> {
    const noted = new Promise<void>((resolve) => this.#keyNoted.push(resolve));
    this.#send({ type: 'key', element });
    await Promise.race([noted, this.ended]);
  }

  /**
   * Stops the pipeline (RTSP is torn down, files are closed) and waits for the process to be gone, killing it after
   * `deadlineMs`. To let a muxer finish, end `media` first and await `ended`.
   */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopping = true;
    if (!this.#gone) {
      this.#send({ type: 'stop', deadlineMs });
      // The child's lifeline keeps the deadline as well; this one holds when the whole process is frozen.
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), deadlineMs);
      this.media.resume();
      this.audio?.resume();
      await this.ended;
      clearTimeout(timer);
    }
  }

  /** Kills the process at once. Idempotent; `ended` follows. */
  dispose(): void {
    this.#stopping = true;
    this.media.destroy();
    this.audio?.destroy();
    if (!this.#gone) {
      this.#child.kill('SIGKILL');
    }
  }

  #send(command: MediaCommand): void {
    if (this.#commands.writable) {
      this.#commands.write(`${JSON.stringify(command)}\n`);
    }
  }

  #listen(events: Readable, stderr: Readable, onDecoded: MediaProcessOptions['onDecoded']): void {
    createInterface({ input: events }).on('line', (line) => {
      const event = parseEvent(line);
      if (event === null) {
        this.#keepStderr(`${line}\n`);
      } else if (event.type === 'warning') {
        this.#keepStderr(`${event.element}: ${event.debug}\n`);
      } else if (event.type === 'soundless') {
        this.#onSoundless(redactUri(event.message));
      } else if (event.type === 'unhandled') {
        this.#onUnhandled(event.caps);
      } else if (event.type === 'keyed') {
        this.#keyNoted.shift()?.();
      } else if (event.type === 'duration') {
        this.#onDuration(BigInt(Math.round(event.seconds * NS_PER_SECOND)));
      } else {
        this.#lastWord ??= event;
      }
    });
    stderr.setEncoding('utf8');
    const trace = onDecoded && new DecoderTrace(onDecoded);
    stderr.on('data', (text: string) => this.#keepStderr(trace?.push(text) ?? text));
  }

  #keepStderr(text: string): void {
    this.#stderr = (this.#stderr + text).slice(-STDERR_TAIL_CHARACTERS);
  }

  #end(how: string): MediaEnd {
    const word = this.#lastWord;
    if (word?.type === 'error') {
      return {
        kind: 'error',
        element: word.element,
        message: redactUri(word.message),
        debug: redactUri(`${word.debug}\n${this.#stderr}`),
      };
    }
    if (word?.type === 'eos') {
      return { kind: 'eos' };
    }
    return this.#stopping || word?.type === 'stopped' ? { kind: 'stopped' } : this.#crash(how);
  }

  #crash(how: string): MediaEnd {
    return { kind: 'crashed', how, stderr: redactUri(this.#stderr.trim()) };
  }
}

function childEnvironment(added: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => INHERITED.test(name));
  // GStreamer's sentences are matched in English.
  return { ...added, ...Object.fromEntries(inherited), LC_ALL: 'C.UTF-8' };
}

function parseEvent(line: string): MediaEvent | null {
  if (!line.startsWith('{"type":"')) {
    return null;
  }
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
