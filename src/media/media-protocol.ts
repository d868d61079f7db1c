/**
 * What the main process and a media process say to each other.
 *
 *     main ── fd 0: commands, one JSON line each; its end means that main is gone ──▶ child
 *     main ◀── fd 1: events, one JSON line each ── child        fd 2: stderr        fd 3: media (GDP)
 *                                                                   fd 4: audio (GDP), where there is any
 *
 * The launch text travels as a command, never as an argument: `ps` shows no password.
 */

/** Descriptor of the media pipe in the child; pipeline texts name it. */
export const MEDIA_FD = 3;

/** Descriptor of the pipe of audio packets, where a pipeline has one. */
export const AUDIO_FD = 4;

/** The element that frames audio packets in a source's pipeline: what fails inside it ends the sound and nothing else. */
export const SOUND_ELEMENT = 'sound';

/** From the main process. */
export type MediaCommand =
  | {
      readonly type: 'launch';
      readonly text: string;
      /** Get ready only (PAUSED); a `play` command follows. */
      readonly held: boolean;
      /** How long the child may live on once the main process is gone, so that a muxer can finish its file; 0: not at all. */
      readonly orphanMs: number;
    }
  | { readonly type: 'play' }
  /** The encoder before the element of this name makes its next picture a key frame; answered with `keyed`. */
  | { readonly type: 'key'; readonly element: string }
  | {
      readonly type: 'stop';
      /** When the child kills itself at the latest. */
      readonly deadlineMs: number;
    };

/** From the media process. `error` and `eos` are last words. */
export type MediaEvent =
  | { readonly type: 'eos' }
  | { readonly type: 'stopped' }
  | { readonly type: 'keyed' }
  /** How long the stream says it is; once, when that is known. */
  | { readonly type: 'duration'; readonly seconds: number }
  /** No plugin knows what to do with a stream of these caps: it is left out. */
  | { readonly type: 'unhandled'; readonly caps: string }
  | { readonly type: 'warning'; readonly element: string; readonly debug: string }
  /** The sound failed, the pictures go on. `message` is GStreamer's sentence. */
  | { readonly type: 'soundless'; readonly message: string }
  | {
      readonly type: 'error';
      readonly element: string;
      /** GStreamer's sentence. */
      readonly message: string;
      /** GStreamer's debug text: source line, element path, details. */
      readonly debug: string;
    };
