/**
 * EDVR in onnxruntime at one frame size: the pyramid graph, the restore graph, and the pyramids of recent frames.
 *
 *     (stream, seq) ─▶ slot { frame uint8 (h, w, 3) │ l1, l2, l3 … float32 (1, c, h, w) }   computed once, on first use
 *
 * The tensors of a slot are allocated once and filled again for a later frame.
 */
import ort from 'onnxruntime-node';
import { describeGraphs, emitGraph, type GraphDescriptions } from '../edvr/emit.js';
import type { Model } from '../model/registry.js';
import type { TensorInfo } from '../onnx/tensor.js';
import type { FrameUpload, WorkerSetup } from './worker-protocol.js';

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

/** Both sessions of a model. Not reentrant: the worker asks for one thing at a time. */
export class EdvrSession {
  readonly #graphs: GraphDescriptions;
  readonly #pyramidSession: ort.InferenceSession;
  readonly #restoreSession: ort.InferenceSession;
  readonly #slots = new Map<string, Map<number, Slot>>();
  #spare: Slot['features'][] = [];
  #returned: ArrayBuffer[] = [];

  private constructor(graphs: GraphDescriptions, pyramid: ort.InferenceSession, restore: ort.InferenceSession) {
    this.#graphs = graphs;
    this.#pyramidSession = pyramid;
    this.#restoreSession = restore;
  }

  /** Emits both graphs for the frame size and opens them. Throws ERR_MODEL_WEIGHTS, ERR_FRAME_SIZE, or onnxruntime's error. */
  static async open(model: Model, { width, height, threads, incremental }: WorkerSetup): Promise<EdvrSession> {
    const request = { options: model.options, size: { width, height }, output: 'uint8', incremental } as const;
    const options: ort.InferenceSession.SessionOptions = {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      // Spinning threads would take the cores from decoding and encoding, and gain nothing measurable.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    };
    const pyramid = await ort.InferenceSession.create(emitGraph('pyramid', request, model.weights), options);
    const restore = await ort.InferenceSession.create(emitGraph('restore', request, model.weights), options);
    return new EdvrSession(describeGraphs(request), pyramid, restore);
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

  /** Restores the middle frame of a window whose pyramids are computed, into `output`: uint8 (H, W, 3). */
  async restore(stream: string, seqs: readonly number[], output: ArrayBuffer): Promise<void> {
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
    await this.#restoreSession.run(feeds, {
      [restored.name]: new ort.Tensor('uint8', new Uint8Array(output), restored.dims),
    });
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
  return new ort.Tensor('float32', new Float32Array(dims.reduce((product, dim) => product * dim, 1)), dims);
}
