/**
 * `scale: auto`: a look at the source's first pictures, a measurement of this machine, and a sentence about what follows.
 */
import { firstValueFrom, take, toArray } from 'rxjs';
import type { StreamConfig } from '../config/config.js';
import { networkCosts } from '../edvr/costs.js';
import type { Size } from '../edvr/geometry.js';
import { openEngine } from '../engine/open-engine.js';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import type { DecodedFrame } from '../frame/frame.js';
import { bench } from '../job/bench.js';
import { sizeText } from '../job/size.js';
import { findModel, modelNames } from '../model/registry.js';
import type { Source } from '../source/source.js';
import { chooseScale, type ScaleCandidate, type ScaleChoice } from './choose-scale.js';

/** What a source gives. */
export interface SourceLook extends Size {
  /** undefined when its first pictures do not tell. */
  readonly framesPerSecond: number | undefined;
}

/** The stream as it is opened, and why so. */
export interface AutoScaled {
  readonly stream: StreamConfig;
  readonly sentence: string;
}

/** Models of ours for live streams. */
const FAMILY = /^live-/;
/** Pictures looked at: they tell the rate by their times. */
const LOOKED_AT = 4;
/** What is taken for a camera that does not answer yet: the commonest one. */
const COMMONEST: SourceLook = { width: 1920, height: 1080, framesPerSecond: 25 };
/** Frames a second beyond which size counts for more than smoothness. */
const ENOUGH_FPS = 8;
/** Share of the machine's time that restorations are planned to take. */
const PLANNED_SHARE = 0.8;
const MEASURED_SIZE: Size = { width: 320, height: 180 };
const MEASURED_FRAMES = 6;
/** Sides at which a camera's substream would do as well. */
const SUBSTREAM_LINES = 720;
const NS_PER_SECOND = 1e9;
const MEGA = 1e6;
const GIGA = 1e9;

/** Chooses for the streams of one machine, whose speed is measured once. */
export class AutoScale {
  /** Streams that share the machine. */
  streams = 1;
  #macsPerSecond: Promise<number> | undefined;

  /**
   * The stream with a model in place of `scale: auto`, and a size limit where its pictures are too large for the machine.
   * A source that can't be asked is taken for the commonest camera, unless it must open first: then this rejects with what
   * it rejected with. Throws ERR_MODEL_UNKNOWN when there is no model to choose from.
   */
  async resolve(stream: StreamConfig, source: Source, mustOpenFirst: boolean): Promise<AutoScaled> {
    const candidates = await liveModels();
    const cheapest = candidates.toSorted((a, b) => a.macs(MEASURED_SIZE) - b.macs(MEASURED_SIZE))[0];
    if (cheapest === undefined) {
      throw new LimpidError('ERR_MODEL_UNKNOWN', 'Expected models named live-… for scale: auto but there is none');
    }
    let unasked: string | undefined;
    const look = await lookAt(source).catch((error: unknown) => {
      if (mustOpenFirst) {
        throw error;
      }
      unasked = messageOf(error);
      return COMMONEST;
    });
    this.#macsPerSecond ??= measure(cheapest);
    const macsPerSecond = await this.#macsPerSecond.catch((error: unknown) => {
      // Another stream, or another attempt, measures again.
      this.#macsPerSecond = undefined;
      throw error;
    });
    const fps = Math.min(look.framesPerSecond ?? ENOUGH_FPS, ENOUGH_FPS);
    const choice = chooseScale(look, candidates, (PLANNED_SHARE * macsPerSecond) / this.streams / fps);
    if (choice === undefined) {
      throw new RangeError('there is a cheapest candidate, so there is a choice');
    }
    const smaller = choice.size.height < look.height || choice.size.width < look.width;
    return {
      stream: {
        ...stream,
        model: choice.model,
        ...(smaller ? { sourceOptions: limited(stream.sourceOptions, choice.size) } : {}),
      },
      sentence: sentenceFor(choice, {
        look,
        unasked,
        smaller,
        speed: `${Math.round(fps)} times a second (${Math.round(macsPerSecond / GIGA)} GMAC/s measured${this.streams > 1 ? `, ${this.streams} streams` : ''})`,
      }),
    };
  }
}

/** One sentence for the log. */
function sentenceFor(
  { model, scale, size }: ScaleChoice,
  why: { readonly look: Size; readonly unasked: string | undefined; readonly smaller: boolean; readonly speed: string },
): string {
  const { look, unasked, smaller, speed } = why;
  const chosen = `scale auto: ${model} (×${scale}) on ${sizeText(size)}`;
  if (!smaller) {
    return `${chosen}, as it comes, which this machine restores ${speed}`;
  }
  const most = `${chosen}, the most that this machine restores ${speed}`;
  if (unasked !== undefined) {
    return `${most}; a camera of ${sizeText(look)} is assumed, as it could not be asked: ${unasked}`;
  }
  const hint = look.height >= SUBSTREAM_LINES ? "; the camera's substream would save its decoding" : '';
  return `${most}; its ${sizeText(look)} is scaled down to that${hint}`;
}

/** Size and rate of what a source gives, by its first pictures; it is closed again. */
export async function lookAt(source: Source): Promise<SourceLook> {
  const pictures = await firstValueFrom(source.session$().pipe(take(LOOKED_AT), toArray())).finally(
    // Whoever opens it next finds its port or camera free.
    () => source.closed?.(),
  );
  const [first] = pictures;
  if (first === undefined) {
    throw new LimpidError('ERR_SOURCE_OPEN', `${source.label} ended before its first picture`);
  }
  return { width: first.width, height: first.height, framesPerSecond: rateOf(pictures) };
}

/** By the middle one of the steps between pictures: a picture that is lost at the start makes a camera no slower. */
function rateOf(pictures: readonly DecodedFrame[]): number | undefined {
  const steps = pictures.slice(1).map(({ ptsNs }, i) => Number(ptsNs - (pictures[i]?.ptsNs ?? ptsNs)));
  const middle = steps.sort((a, b) => a - b)[steps.length >> 1] ?? 0;
  return middle > 0 ? NS_PER_SECOND / middle : undefined;
}

async function liveModels(): Promise<readonly ScaleCandidate[]> {
  const names = (await modelNames()).filter((name) => FAMILY.test(name));
  const cards = await Promise.all(names.map((name) => findModel(name)));
  return cards.map(({ name, scale, options }) => ({
    name,
    scale,
    macs: (size) => networkCosts(options, size).streamingMacs,
  }));
}

/** Multiply-accumulates a second of a candidate as a stream has it, all cores together. */
async function measure({ name, macs }: ScaleCandidate): Promise<number> {
  const { runs } = await bench(
    { models: [name], sizes: [MEASURED_SIZE], frames: MEASURED_FRAMES },
    { openEngine: ({ model }) => openEngine(model, { tile: 'off' }) },
  );
  const fps = runs[0]?.fps ?? 0;
  return Math.max(MEGA, fps * macs(MEASURED_SIZE));
}

function limited(options: StreamConfig['sourceOptions'], size: Size): StreamConfig['sourceOptions'] {
  const { size: exact, ...others } = options;
  return exact === undefined ? { ...others, maxSize: sizeText(size) } : { ...options, size: sizeText(size) };
}
