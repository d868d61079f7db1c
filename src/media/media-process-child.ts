/**
 * The media process: runs one launch text through gstreamer-superficial and reports what its bus says.
 *
 * No pixel passes through JavaScript here: the pipeline itself writes to or reads from descriptor 3. The process never
 * exits by itself in the ordinary way (that hangs while the binding polls its bus): after its last word it kills itself.
 */
import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { type MediaCommand, type MediaEvent, SOUND_ELEMENT } from './media-protocol.js';

/** A bus message as the binding gives it. */
interface BusMessage {
  /** That of the message, or what its structure calls "type": "decoder" of a missing plugin. */
  readonly type: string;
  readonly _src_element_name?: string;
  /** Path of the element that reports an error: "/GstPipeline:pipeline0/GstParseBin:sound/…". */
  readonly name?: string;
  readonly message?: string;
  readonly debug?: string | null;
  /** Caps that a plugin is missing for. */
  readonly detail?: string;
}

/** The part of the binding that is safe to use. */
interface Pipeline {
  play(): void;
  pause(): void;
  stop(): void;
  /** Seconds; negative when it is unknown. */
  queryDuration(): number;
  /** Asks upstream of a named element for a key frame; the encoder has taken note when it returns. */
  forceKeyUnit(element: string, count: number): boolean;
  pollBus(listener: (message: BusMessage) => void): void;
}

interface Binding {
  readonly Pipeline: new (launch: string) => Pipeline;
}

const EVENT_FD = 1;
/** Ten days. */
const LONGEST_SECONDS = 864_000;
const OF_SOUND = new RegExp(`:${SOUND_ELEMENT}(/|$)`);

let pipeline: Pipeline | null = null;
let keyUnits = 0;

const lifeline = new Worker(new URL('./media-lifeline.js', import.meta.url));
lifeline.on('message', (command: MediaCommand) => {
  switch (command.type) {
    case 'launch':
      launch(command.text, command.held);
      return;
    case 'play':
      pipeline?.play();
      return;
    case 'key':
      pipeline?.forceKeyUnit(command.element, keyUnits);
      keyUnits += 1;
      tell({ type: 'keyed' });
      return;
    case 'stop':
      leave({ type: 'stopped' });
      return;
  }
});
// Loaded while the thread starts.
const binding: Binding = createRequire(import.meta.url)('gstreamer-superficial');

function launch(text: string, held: boolean): void {
  try {
    pipeline = new binding.Pipeline(text);
  } catch (error) {
    leave({ type: 'error', element: '', message: error instanceof Error ? error.message : String(error), debug: '' });
    return;
  }
  pipeline.pollBus((message) => {
    switch (message.type) {
      case 'error':
        if (OF_SOUND.test(message.name ?? '')) {
          tell({ type: 'soundless', message: message.message ?? '' });
          return;
        }
        leave({
          type: 'error',
          element: elementOf(message),
          message: message.message ?? '',
          debug: message.debug ?? '',
        });
        return;
      case 'warning':
        tell({ type: 'warning', element: elementOf(message), debug: message.debug ?? '' });
        return;
      case 'decoder':
        tell({ type: 'unhandled', caps: message.detail ?? '' });
        return;
      case 'async-done':
        tellDuration();
        return;
      case 'eos':
        leave({ type: 'eos' });
        return;
    }
  });
  if (held) {
    pipeline.pause();
  } else {
    pipeline.play();
  }
}

/** Asked once the first buffer has reached the sink: then every demuxer knows. */
function tellDuration(): void {
  const seconds = pipeline?.queryDuration() ?? -1;
  // The binding leaves its result unset where the query fails: whatever is no length of a film is not told.
  if (seconds > 0 && seconds < LONGEST_SECONDS) {
    tell({ type: 'duration', seconds });
  }
}

function elementOf(message: BusMessage): string {
  return message._src_element_name ?? '';
}

function tell(event: MediaEvent): void {
  try {
    writeSync(EVENT_FD, `${JSON.stringify(event)}\n`);
  } catch {
    // The main process no longer listens; the lifeline is about to end this process.
  }
}

/** Stops the pipeline (files are closed, RTSP is torn down), says the last word, ends. */
function leave(lastWord: MediaEvent): void {
  if (lastWord.type === 'error') {
    // Said first: stopping a pipeline in trouble may block.
    tell(lastWord);
    pipeline?.stop();
  } else {
    pipeline?.stop();
    tell(lastWord);
  }
  process.kill(process.pid, 'SIGKILL');
}
