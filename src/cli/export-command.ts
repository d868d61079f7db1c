/**
 * `limpid export`: the ONNX graph of a model for one frame size, for other runtimes.
 */
import { writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { emitGraph, type GraphKind } from '../edvr/emit.js';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import { parseSize } from '../job/size.js';
import { loadModel } from '../model/registry.js';

interface ExportFlags {
  readonly size: string;
  readonly out: string;
  readonly graph: GraphKind;
  readonly plain?: boolean;
}

/** Builds the command. */
export function exportCommand(): Command {
  return new Command('export')
    .description('write the ONNX graph of a model for one frame size')
    .argument('<name>', 'model of the registry or network of the paper')
    .requiredOption('--size <WxH>', 'input size')
    .requiredOption('--out <file.onnx>', 'file to write')
    .addOption(
      new Option('--graph <graph>', 'the one-graph form, or one of the two with cached pyramids')
        .choices(['window', 'pyramid', 'restore'])
        .default('window'),
    )
    .option('--plain', 'no incremental halves in pyramid and restore; the one-graph form never has them')
    .action(async (name: string, { size, out, graph, plain = false }: ExportFlags) => {
      const { options, weights } = await loadModel(name);
      const bytes = emitGraph(
        graph,
        { options, size: parseSize(size), incremental: !plain && graph !== 'window' },
        weights,
      );
      await writeFile(out, bytes).catch((cause: unknown) => {
        throw new LimpidError('ERR_INPUT_FILE', `Expected to write ${out} but could not: ${messageOf(cause)}`, {
          cause,
        });
      });
      process.stderr.write(`${out}: ${(bytes.byteLength / 1e6).toFixed(1)} MB\n`);
    });
}
