/**
 * Attributes of ONNX nodes, from plain values.
 */
import { type AttributeProto, attributeTypes } from './messages.js';

/** A node attribute: a whole number or a list of them is an int, a string a string; floats are marked. */
export type AttributeValue = number | readonly number[] | string | { readonly float: number };

/** Attributes by name; those that are undefined are left out. */
export type Attributes = Readonly<Record<string, AttributeValue | undefined>>;

/** The protobuf form of a node's attributes. */
export function encodeAttributes(attributes: Attributes): readonly AttributeProto[] {
  return Object.entries(attributes).flatMap(([name, value]) => (value === undefined ? [] : [encode(name, value)]));
}

function encode(name: string, value: AttributeValue): AttributeProto {
  if (typeof value === 'number') return { name, type: attributeTypes.int, i: value };
  if (typeof value === 'string') return { name, type: attributeTypes.string, s: Buffer.from(value) };
  if ('float' in value) return { name, type: attributeTypes.float, f: value.float };
  return { name, type: attributeTypes.ints, ints: [...value] };
}
