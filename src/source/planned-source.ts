/**
 * A source made of a plan: what its scheme decided, before any process runs.
 */
import { catchError, defer, from, switchMap, tap, throwError } from 'rxjs';
import { brief } from '../errors/brief.js';
import { LimpidError } from '../errors/limpid-error.js';
import type { Timeline } from '../media/gdp-timeline.js';
import { decodeSession$ } from './decode-session.js';
import { decoderRanks } from './hardware-decoders.js';
import { audioText, pictureText, type SoundLink } from './picture-text.js';
import type { Source } from './source.js';
import { HardwareDecoderError, NoPictureError } from './source-failure.js';
import type { ResolvedSourceOptions } from './source-options.js';

/** What every scheme is opened with. */
export interface Opening {
  readonly options: ResolvedSourceOptions;
  /** Whether `pipeline:` texts are allowed: only where the URI stands in the user's own configuration file. */
  readonly rawPipelines: boolean;
  /** Told once each what a person should know about the pictures: HDR, a hardware decoder that failed. */
  readonly warn: (sentence: string) => void;
}

/** What a scheme decides. */
export interface SourcePlan {
  /** The source without its secrets. */
  readonly label: string;
  /** Frames come at their own pace and must be kept up with. */
  readonly live: boolean;
  /**
   * The pipeline up to decoded video; asked for at each session, for a camera may have moved or a port been taken. May throw
   * or reject with a LimpidError. `damaged`: the session before found no picture in time; show what the decoder has, also
   * what refers to pictures it never saw.
   */
  readonly head: (damaged: boolean) => string | Promise<string>;
  /** Play again from the beginning at the end of the stream, for ever. */
  readonly loop?: boolean;
  /** An end of stream is a loss, not an end: cameras don't finish. */
  readonly endless: boolean;
  /** What times are counted from; default 'stamps'. */
  readonly timeline?: Timeline;
  /** How the sound of `head` is linked; absent where a source never has sound. */
  readonly audio?: SoundLink;
  /** The file whose sound is read beside its pictures, where `head` reads a file. */
  readonly audioFile?: string;
}

/** What crashes with the sound may live without it. */
const CRASHES_FOR_SILENCE = 2;

/** The source of a plan. */
export function plannedSource(plan: SourcePlan, { options, warn }: Opening): Source {
  const { label, live, loop = false, endless, timeline = 'stamps', audio, audioFile } = plan;
  const told = new Set<string>();
  const warnOnce = (sentence: string): void => {
    if (!told.has(sentence)) {
      told.add(sentence);
      warn(sentence);
    }
  };
  let { decoder, audio: hearing } = options;
  /** Every second attempt after one that was silent, not one that was refused: some cameras send a key frame once a minute, or never. */
  let damaged = false;
  /** Media processes in a row that crashed before their first picture. */
  let crashes = 0;
  /** Of sessions that are over, their processes are not gone yet. */
  const leaving = new Set<Promise<unknown>>();
  const onStop = (gone: Promise<unknown>): void => {
    leaving.add(gone);
    void gone.finally(() => leaving.delete(gone));
  };
  return {
    label,
    live,
    closed: async () => void (await Promise.all(leaving)),
    session$: (context = {}) => {
      let opened = false;
      return defer(() => {
        const environment = { GST_PLUGIN_FEATURE_RANK: decoderRanks(decoder) };
        const session = { label, environment, loop, endless, gated: !live, timeline, onStop, options, warn: warnOnce };
        const hears = hearing && audio !== undefined && context.onAudio !== undefined;
        const sound = hears ? audioText(audio) : '';
        const beside = hearing && context.onAudio !== undefined && audioFile !== undefined ? { audioFile } : {};
        const begin = (head: string) => {
          const launch = `${pictureText(head, live, options)} ${sound}`.trim();
          return decodeSession$({ ...session, ...beside, launch, audio: hears }, context);
        };
        const head = plan.head(damaged);
        return typeof head === 'string' ? begin(head) : from(head).pipe(switchMap(begin));
      }).pipe(
        tap(() => {
          opened = true;
          crashes = 0;
        }),
        catchError((error: unknown, session$) => {
          damaged = error instanceof NoPictureError && !damaged;
          crashes = error instanceof LimpidError && error.code === 'ERR_MEDIA_PROCESS' ? crashes + 1 : 0;
          if (crashes >= CRASHES_FOR_SILENCE && hearing && audio !== undefined && context.onAudio !== undefined) {
            hearing = false;
            warnOnce(`${label}: its media process crashed ${crashes} times; it goes on without its sound`);
          }
          if (error instanceof HardwareDecoderError) {
            const again = decoder === 'auto' && !opened;
            decoder = 'software';
            warnOnce(`${label}: the hardware decoder failed; it is decoded in software from now on`);
            if (again) {
              return session$;
            }
          }
          return throwError(() => error);
        }),
      );
    },
  };
}

/**
 * Refuses a URI in one sentence.
 *
 * @param expected "Expected …", to which " but received …" is added when `received` is given; its secrets must be out
 */
export function uriError(expected: string, received?: string): LimpidError {
  const end = received === undefined ? '' : ` but received "${brief(received)}"`;
  return new LimpidError('ERR_SOURCE_URI', `${expected}${end}`);
}
