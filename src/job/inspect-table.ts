/**
 * An inspection for a terminal: what the model is, then what each section of the paper costs.
 */
import type { Module } from '../edvr/costs.js';
import type { Inspection } from './inspect.js';
import { table } from './table.js';

/** What the paper calls the modules, and where it describes them. */
const sections: Readonly<Record<Module, string>> = {
  predeblur: 'PreDeblur (Sec. 3.1)',
  feature_pyramid: 'features and pyramid (Sec. 3.1, 3.2)',
  pcd_align: 'PCD alignment (Sec. 3.2, Eq. 1–4)',
  align: 'alignment at one level (Table 4, or by optical flow)',
  fusion: 'fusion (Sec. 3.3, Eq. 5–7)',
  reconstruction: 'reconstruction (Sec. 3.1)',
  upsampling: 'upsampling (Sec. 3.1)',
};

/** The whole inspection, without a line end. A multiply-accumulate is two of the paper's floating-point operations. */
export function inspectTable(inspection: Inspection): string {
  const { name, task, scale, window, parameters, macs, streamingMacs, modules, memory } = inspection;
  const facts: readonly (readonly [string, string])[] = [
    ['task', `${task} ×${scale}, ${inspection.size} → ${inspection.outputSize}`],
    ['window', `${window} frames, ${inspection.latencyFrames} of look-ahead`],
    ['memory', `${mebi(memory.weightBytes)} of weights, ${mebi(memory.pyramidBytes)} of pyramids a window`],
    ['licence', inspection.license ?? 'none: a network with random weights'],
  ];
  const line = (label: string, cost: Pick<Inspection, 'parameters' | 'macs' | 'streamingMacs'>) => [
    label,
    cost.parameters.toLocaleString('en'),
    giga(cost.macs),
    giga(cost.streamingMacs),
  ];
  const costs = table([
    ['', 'parameters', 'MACs', 'MACs a frame of a stream'],
    ...modules.map((module) => line(sections[module.name], module)),
    line('total', { parameters, macs, streamingMacs }),
  ]);
  const lines = [...facts.map(([key, value]) => `${key.padEnd(8)}  ${value}`), '', ...costs.split('\n')];
  return [name, ...lines.map((text) => (text === '' ? '' : `  ${text}`))].join('\n');
}

function giga(value: number): string {
  return `${(value / 1e9).toFixed(2)} G`;
}

function mebi(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
