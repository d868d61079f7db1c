/**
 * Networks that are asked to restore before they have learned anything: a person is told, once a network.
 */
import { findModel } from '../model/registry.js';

/** Names that are no models. */
const BASELINES: ReadonlySet<string> = new Set(['bypass', 'bicubic']);

/** One sentence for each network without weights of its own among models as `--model` names them: with commas, stages. */
export async function randomWeightsRemarks(models: readonly string[]): Promise<readonly string[]> {
  const names = new Set(models.flatMap((stages) => stages.split(',')).map((name) => name.trim()));
  const random = await Promise.all([...names].map(async (name) => ((await isRandom(name)) ? [name] : [])));
  return random
    .flat()
    .map(
      (name) =>
        `${name} has random weights until a checkpoint of that name is imported or pulled; limpid models list shows what there is`,
    );
}

async function isRandom(name: string): Promise<boolean> {
  if (BASELINES.has(name)) {
    return false;
  }
  // What is wrong with a model is said where it is opened.
  const card = await findModel(name).catch(() => null);
  return card !== null && card.manifest === undefined;
}
