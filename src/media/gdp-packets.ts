/**
 * Encoded packets on a GDP pipe, read and written as they are: for audio, which Limpid carries and never decodes.
 */
import { LimpidError } from '../errors/limpid-error.js';
import type { EncodedPacket } from '../frame/audio.js';
import { GDP_BUFFER, GDP_CAPS, GDP_SEGMENT, type GdpHeader, writeGdpHeader } from './gdp-packet.js';
import { eventPayload, eventText, type GdpHandler, GdpParser } from './gdp-parser.js';
import { SegmentClock, type Timeline } from './gdp-timeline.js';

/** Where caps and packets go. */
export interface PacketObserver {
  /** Caps as GStreamer writes them, codec data included. */
  readonly caps: (text: string) => void;
  readonly packet: (packet: EncodedPacket) => void;
}

/** Stream headers travel in the caps: a FLAC picture or a Vorbis code book may be large. */
const MAX_CAPS_BYTES = 1 << 22;
/** The largest packets are blocks of raw samples. */
const MAX_PACKET_BYTES = 1 << 26;

/** Streaming parser of one pipe of packets; throws ERR_GDP as {@link GdpParser} does. */
export function gdpPacketParser(timeline: Timeline, observer: PacketObserver): GdpParser {
  return new GdpParser(new PacketHandler(timeline, observer));
}

/** A packet with its header, as `gdpdepay` reads it. */
export function gdpPacketBytes({ ptsNs, durationNs, data }: EncodedPacket): Buffer {
  return Buffer.concat([writeGdpHeader({ type: GDP_BUFFER, payloadBytes: data.length, ptsNs, durationNs }), data]);
}

class PacketHandler implements GdpHandler {
  readonly #observer: PacketObserver;
  readonly #clock: SegmentClock;
  #hasCaps = false;

  constructor(timeline: Timeline, observer: PacketObserver) {
    this.#observer = observer;
    this.#clock = new SegmentClock(timeline);
  }

  payloadFor(header: GdpHeader): Buffer {
    if (header.type !== GDP_BUFFER) {
      return eventPayload(header, MAX_CAPS_BYTES);
    }
    if (!this.#hasCaps) {
      throw new LimpidError('ERR_GDP', 'Expected caps before the first packet on the media pipe');
    }
    if (header.payloadBytes > MAX_PACKET_BYTES) {
      throw new LimpidError(
        'ERR_GDP',
        `Expected packets of at most ${MAX_PACKET_BYTES} bytes on the media pipe but received ${header.payloadBytes}`,
      );
    }
    return Buffer.allocUnsafe(header.payloadBytes);
  }

  fill(_header: GdpHeader, payload: Buffer, from: number, stretch: Buffer): void {
    stretch.copy(payload, from);
  }

  finished({ type, ptsNs, durationNs }: GdpHeader, data: Buffer): void {
    if (type === GDP_CAPS) {
      this.#hasCaps = true;
      this.#observer.caps(eventText(data));
    } else if (type === GDP_SEGMENT) {
      this.#clock.announce(eventText(data));
    } else if (type === GDP_BUFFER) {
      this.#observer.packet({ ptsNs: ptsNs === null ? null : this.#clock.timeOf(ptsNs), durationNs, data });
    }
  }
}
