/**
 * Whether what a stream's configuration names can be opened, as far as can be told before anything runs.
 */
import type { StreamConfig } from '../config/config.js';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import { loadModel } from '../model/registry.js';
import { openPush } from '../sink/push.js';
import { openSource } from '../source/open-source.js';
import { checkLadder } from './check-ladder.js';

/** Checks source, models and pushes of a stream. Rejects with ERR_CONFIG: one sentence that names the stream. */
export async function checkStream({ name, source, sourceOptions, model, models, push }: StreamConfig): Promise<void> {
  try {
    // No process is started before somebody subscribes.
    openSource(source, sourceOptions, { rawPipelines: true });
    for (const names of models ?? [model]) {
      await checkModels(names);
    }
    await checkLadder(models ?? []);
    for (const options of push ?? []) {
      openPush(options);
    }
  } catch (error) {
    throw new LimpidError('ERR_CONFIG', `Stream ${name}: ${messageOf(error)}`, { cause: error });
  }
}

/** Reads every model a stream names, so that a wrong name is known while the stream still runs. */
export async function checkModels(names: string): Promise<void> {
  for (const name of names.split(',').map((one) => one.trim())) {
    if (name !== 'bypass') {
      await loadModel(name);
    }
  }
}
