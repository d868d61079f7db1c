/**
 * EDVR in onnxruntime at one frame size: the pyramid graph, the restore graph, and the pyramids of recent frames.
 *
 *     (stream, seq) ─▶ slot { frame uint8 (h, w, 3) │ l1, l2, l3 … float32 (1, c, h, w) }   computed once, on first use
 *
 * The tensors of a slot are allocated once and filled again for a later frame.
 */
import ort from 'onnxruntime-node';
import { describeGraphs, emitGraph, type GraphDescriptions, type GraphRequest } from '../edvr/emit.js';
import { geometryOf } from '../edvr/geometry.js';
import { ENERGY, LARGEST, offsetFault, offsetReach } from '../edvr/offset-watch.js';
import type { Model } from '../model/registry.js';
import { elementCount, type TensorInfo } from '../onnx/tensor.js';
import type { FrameUpload, OffsetsSeen, WorkerSetup } from './worker-protocol.js';

/** One frame and what is known of it. */
interface Slot {
  readonly frame: ort.Tensor;
  readonly data: ArrayBuffer;
  readonly features: Readonly<Record<string, ort.Tensor>>;
  computed: boolean;
  /** What the pyramid took and no restoration has accounted for yet, ms. */
  unclaimedMs: number;
}

/** Slots kept for reuse: a window, and the frames that arrive while it is restored. */
const SPARE_SLOTS = 8;

/** What opens a session: a graph in the worker's way. */
type OpenGraph = (kind: 'pyramid' | 'restore' | 'upscale', blending?: boolean) => Promise<ort.InferenceSession>;

/** Both sessions of a model. Not reentrant: the worker asks for one thing at a time. */
export class EdvrSession {
  readonly #request: GraphRequest;
  readonly #graphs: GraphDescriptions;
  readonly #pyramidSession: ort.InferenceSession;
  readonly #restoreSession: ort.InferenceSession;
  readonly #open: OpenGraph;
  /** Opened when offsets first turn out unusable, or the strength is 0. */
  #upscaleSession: ort.InferenceSession | undefined;
  /** The restore graph with a strength; opened when one between 0 and 1 is first wanted. */
  #blendSession: ort.InferenceSession | undefined;
  #strength = 1;
  readonly #slots = new Map<string, Map<number, Slot>>();
  #spare: Slot['features'][] = [];
  #returned: ArrayBuffer[] = [];

  private constructor(
    request: GraphRequest,
    open: OpenGraph,
    sessions: { readonly pyramid: ort.InferenceSession; readonly restore: ort.InferenceSession },
  ) {
    this.#request = request;
    this.#graphs = describeGraphs(request);
    this.#open = open;
    this.#pyramidSession = sessions.pyramid;
    this.#restoreSession = sessions.restore;
  }

  /** Emits both graphs for the frame size and opens them. Throws ERR_MODEL_WEIGHTS, ERR_FRAME_SIZE, or onnxruntime's error. */
  static async open(model: Model, setup: WorkerSetup): Promise<EdvrSession> {
    const { width, height, threads, incremental, output, offsets, sparing } = setup;
    const request: GraphRequest = { options: model.options, size: { width, height }, output, incremental, offsets };
    const sessionOptions: ort.InferenceSession.SessionOptions = {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      enableCpuMemArena: !sparing,
      // Spinning threads would take the cores from decoding and encoding, and gain nothing measurable.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    };
    const open: OpenGraph = (kind, strength = false) =>
      ort.InferenceSession.create(emitGraph(kind, { ...request, strength }, model.weights), sessionOptions);
    const pyramid = await open('pyramid');
    return new EdvrSession(request, open, { pyramid, restore: await open('restore') });
  }

  /** How much of what the network adds to the upscaled frame is added from now on, 0–1; 1 at first. */
  set strength(strength: number) {
    this.#strength = strength;
  }

  /** Takes over a frame's pixels. */
  take(stream: string, { seq, data }: FrameUpload): void {
    const slots = this.#slotsOf(stream);
    const { frame } = this.#graphs.pyramid;
    slots.set(seq, {
      frame: new ort.Tensor('uint8', new Uint8Array(data), frame.dims),
      data,
      features:
        this.#spare.pop() ??
        Object.fromEntries(this.#graphs.pyramid.outputs.map((info) => [info.name, emptyTensor(info)])),
      computed: false,
      unclaimedMs: 0,
    });
  }

  /** Computes the pyramid of a frame, unless that is done. */
  async pyramid(stream: string, seq: number): Promise<void> {
    const slot = this.#slot(stream, seq);
    if (!slot.computed) {
      const startMs = performance.now();
      await this.#pyramidSession.run({ [this.#graphs.pyramid.frame.name]: slot.frame }, slot.features);
      slot.computed = true;
      slot.unclaimedMs = performance.now() - startMs;
    }
  }

  /** Time of the pyramids that this window is the first to use, whenever they were computed, ms. */
  claimPyramidMs(stream: string, seqs: readonly number[]): number {
    let sum = 0;
    for (const seq of new Set(seqs)) {
      const slot = this.#slot(stream, seq);
      sum += slot.unclaimedMs;
      slot.unclaimedMs = 0;
    }
    return sum;
  }

  /**
   * Restores the middle frame of a window whose pyramids are computed, into `output`: RGB (H, W, 3). Where the offsets
   * are not usable it is the upscaled middle frame.
   */
  async restore(stream: string, seqs: readonly number[], output: ArrayBuffer): Promise<OffsetsSeen> {
    const { frame, features, restored } = this.#graphs.restore;
    const slots = seqs.map((seq) => this.#slot(stream, seq));
    const reference = slots[slots.length >> 1];
    if (reference === undefined) {
      throw new RangeError('a window holds at least one frame');
    }
    const feeds: Record<string, ort.Tensor> = { [frame.name]: reference.frame };
    for (const { name, position, feature } of features) {
      const tensor = slots[position]?.features[feature];
      if (tensor === undefined) {
        throw new RangeError(`the graph asks for ${name}, which no pyramid has`);
      }
      feeds[name] = tensor;
    }
    const picture = tensorOver(restored, output);
    const upscale = async (): Promise<void> => {
      this.#upscaleSession ??= await this.#open('upscale');
      await this.#upscaleSession.run({ [frame.name]: reference.frame }, { [restored.name]: picture });
    };
    if (this.#strength === 0) {
      await upscale();
      return { reach: 0 };
    }
    const report = this.#emptyReport();
    await this.#restored(feeds, { [restored.name]: picture, ...report });
    const seen = this.#judge(report);
    if (seen.fault !== undefined) {
      await upscale();
    }
    return seen;
  }

  /** Runs the restore graph at the strength that is set. */
  async #restored(feeds: Readonly<Record<string, ort.Tensor>>, fetches: Record<string, ort.Tensor>): Promise<void> {
    if (this.#strength === 1) {
      await this.#restoreSession.run(feeds, fetches);
      return;
    }
    this.#blendSession ??= await this.#open('restore', true);
    const strength = new ort.Tensor('float32', [this.#strength], [1, 1, 1, 1]);
    await this.#blendSession.run({ ...feeds, strength }, fetches);
  }

  /** Drops what is kept for a stream: all of it, or the frames older than a seq. */
  forget(stream: string, beforeSeq = Number.POSITIVE_INFINITY): void {
    const slots = this.#slotsOf(stream);
    for (const [seq, slot] of slots) {
      if (seq < beforeSeq) {
        slots.delete(seq);
        this.#returned.push(slot.data);
        if (this.#spare.length < SPARE_SLOTS) {
          this.#spare.push(slot.features);
        }
      }
    }
    if (slots.size === 0) {
      this.#slots.delete(stream);
    }
  }

  /** The pixel buffers of dropped frames, to be given back. */
  takeReturned(): ArrayBuffer[] {
    const returned = this.#returned;
    this.#returned = [];
    return returned;
  }

  async close(): Promise<void> {
    await this.#pyramidSession.release();
    await this.#restoreSession.release();
    await this.#upscaleSession?.release();
    await this.#blendSession?.release();
  }

  /** Tensors for what the restore graph says of its offsets. */
  #emptyReport(): Record<string, ort.Tensor> {
    const { length } = this.#graphs.restore.offsets;
    const names = length === 0 ? [] : this.#request.offsets === 'reach' ? [ENERGY, LARGEST] : [ENERGY];
    return Object.fromEntries(
      names.map((name) => [name, emptyTensor({ name, type: 'float32', dims: [length, 1, 1, 1] })]),
    );
  }

  #judge(report: Record<string, ort.Tensor>): OffsetsSeen {
    const fields = this.#graphs.restore.offsets;
    const numbers = (name: string) => (report[name]?.data ?? new Float32Array(fields.length)) as Float32Array;
    const fault = offsetFault(fields, numbers(ENERGY));
    if (fault !== undefined) {
      return { fault, reach: 0 };
    }
    const { padded } = geometryOf(this.#request.options, this.#request.size);
    return { reach: offsetReach(fields, numbers(LARGEST), padded.width) };
  }

  #slotsOf(stream: string): Map<number, Slot> {
    let slots = this.#slots.get(stream);
    if (slots === undefined) {
      slots = new Map();
      this.#slots.set(stream, slots);
    }
    return slots;
  }

  #slot(stream: string, seq: number): Slot {
    const slot = this.#slots.get(stream)?.get(seq);
    if (slot === undefined) {
      throw new RangeError(`frame ${seq} of ${stream} is not in the worker`);
    }
    return slot;
  }
}

function emptyTensor({ dims }: TensorInfo): ort.Tensor {
  return new ort.Tensor('float32', new Float32Array(elementCount(dims)), dims);
}

function tensorOver({ type, dims }: TensorInfo, buffer: ArrayBuffer): ort.Tensor {
  return type === 'uint8'
    ? new ort.Tensor('uint8', new Uint8Array(buffer), dims)
    : new ort.Tensor('float32', new Float32Array(buffer), dims);
}
