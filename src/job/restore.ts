/**
 * `limpid restore`: every frame of a file or of a folder of pictures, in order, into a clip or a folder.
 *
 *     input ─▶ place (seq, rising PTS) ─▶ window(2N+1) ─▶ engine ─▶ view ─▶ output
 *       ▲ gate: read only as fast as frames are restored           audio ───▲
 *
 * Memory does not grow with the length of the input. What ends the work early, an interrupt, a damaged file, leaves an
 * output of the frames restored so far.
 */
import type { Engine } from '../engine/engine.js';
import { LimpidError } from '../errors/limpid-error.js';
import type { AudioTrack } from '../source/audio-track.js';
import { Restoration } from './restoration.js';
import { openClipOutput } from './restore-clip.js';
import { openRestoreInput, type RestoreInput } from './restore-input.js';
import type { RestoreDeps, RestoreOptions, RestoreResult } from './restore-options.js';
import { type RestoreOutput, type RestoreTarget, requireApart, restoreTarget } from './restore-output.js';
import { openPictureFile, openPictureFolder } from './restore-pictures.js';

/** Of pictures, which have no times of their own. */
const DEFAULT_FPS = 25;

/**
 * Restores an input whole.
 *
 * @throws ERR_USAGE, ERR_INPUT_FILE, ERR_FRAME_SIZE, ERR_SINK_OPEN before the first frame; ERR_SOURCE_LOST and the like
 * when the input breaks off, ERR_ENGINE, ERR_SINK_WRITE: what was restored until then is finished first.
 */
export async function restore(options: RestoreOptions, deps: RestoreDeps): Promise<RestoreResult> {
  const { fps = DEFAULT_FPS, crf = 16 } = options;
  requireRange('--fps', fps, 0.01, 1_000);
  requireRange('--crf', crf, 0, 50);
  const target = restoreTarget(options.output);
  const input = await openRestoreInput(options.input, fps);
  if (input.kind === 'video' && options.fps !== undefined) {
    throw new LimpidError(
      'ERR_USAGE',
      `Expected pictures for --fps but ${input.label} is a video, with times of its own`,
    );
  }
  const engines: Engine[] = [];
  try {
    for (const name of options.model.split(',')) {
      engines.push(await deps.openEngine(name.trim()));
    }
    requireApart(target, input, options.overwrite ?? false);
    const output = await openOutput(target, input, options, deps);
    return await new Restoration(input, output, engines, options, deps).run();
  } finally {
    await Promise.all(engines.map((engine) => engine.dispose()));
  }
}

async function openOutput(
  target: RestoreTarget,
  input: RestoreInput,
  { model, selfEnsemble = 1, view = 'restored', overwrite = false, audio = true, crf = 16 }: RestoreOptions,
  { weightsOf, onNote }: RestoreDeps,
): Promise<RestoreOutput> {
  switch (target.kind) {
    case 'picture':
      return openPictureFile(target.path);
    case 'folder': {
      if (audio && input.kind === 'video') {
        onNote?.('A folder of PNGs holds neither audio nor times: write .mkv or .mp4 to keep them');
      }
      const origin = { input: input.path, model, weights: await weightsOf(model), passes: selfEnsemble, view };
      return openPictureFolder({ dir: target.path, origin, nameOf: input.nameOf, overwrite });
    }
    case 'clip': {
      const track: AudioTrack | null = audio ? await input.openAudio() : null;
      try {
        return openClipOutput({ path: target.path, container: target.container, crf, track, overwrite });
      } catch (error) {
        track?.dispose();
        throw error;
      }
    }
  }
}

function requireRange(option: string, value: number, least: number, most: number): void {
  if (!(value >= least && value <= most)) {
    throw new LimpidError('ERR_USAGE', `Expected ${least} to ${most} for ${option} but received ${value}`);
  }
}
