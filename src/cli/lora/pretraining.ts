// The work of lorank lora pretrain.

import { cores } from '#platform';
import { usageError } from '../../errors.js';
import { startKernels } from '../../kernels/index.js';
import { architectureOf } from '../../lm/architecture.js';
import { modelFiles, randomModel, withWeights } from '../../lm/model.js';
import { textTask } from '../../lm/text.js';
import { byteTokens } from '../../lm/tokenizer.js';
import { DEFAULT_SEED, stream } from '../../random/index.js';
import type { Context } from '../context.js';
import { EXIT } from '../failure.js';
import { facts, figure, grouped, secondsText } from '../table.js';
import { curveFiles, exampleFacts, exitOf, optionsOf, outcomeFacts, outcomeOf, runTraining } from './fitting.js';
import { filling } from './keeping.js';
import { openOutput } from './output.js';
import type { PretrainFlags } from './pretrain.js';
import { readText } from './texts.js';

/** config.json of the model that the flags stand for; its tokens are bytes. */
function configOf(flags: PretrainFlags): Record<string, unknown> {
  const { architecture = 'llama', width = 128, layers = 2, heads = 4, kvHeads, context = 128 } = flags;
  const none = { bos_token_id: null, eos_token_id: null, torch_dtype: 'float32' };
  if (architecture === 'gpt2') {
    if (kvHeads !== undefined) throw usageError('--architecture gpt2 takes no --kv-heads', 'leave it out');
    return {
      architectures: ['GPT2LMHeadModel'],
      model_type: 'gpt2',
      vocab_size: 256,
      n_embd: width,
      n_layer: layers,
      n_head: heads,
      n_inner: flags.hidden ?? 4 * width,
      n_positions: context,
      ...none,
    };
  }
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size: 256,
    hidden_size: width,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: kvHeads ?? heads,
    intermediate_size: flags.hidden ?? 16 * Math.ceil(width / 6),
    max_position_embeddings: context,
    rms_norm_eps: 1e-6,
    rope_theta: 10000,
    hidden_act: 'silu',
    tie_word_embeddings: false,
    ...none,
  };
}

/** Returns the exit code. */
export async function pretrain(context: Context, text: string, flags: PretrainFlags): Promise<number> {
  if (flags.output === undefined && !flags.dryRun)
    throw usageError('-o, the folder of the model, is needed', 'for example -o model');
  const began = performance.now();
  const architecture = architectureOf(configOf(flags));
  const read = await readText(text, byteTokens);
  const { batch = 8, length = architecture.context, heldOut, seed = DEFAULT_SEED } = flags;
  const options = optionsOf(flags, 3e-3);
  const parameters = architecture.shapes.reduce((sum, { shape }) => sum + shape.reduce((n, m) => n * m, 1), 0);
  const K = await startKernels({ threads: context.flags.threads ?? cores() });
  try {
    const model = randomModel(K, architecture, stream(seed, 'model'));
    const task = textTask(model, read.data, { batch, length, heldOut, seed });
    const about = {
      text,
      tokens: read.tokens,
      architecture: architecture.name,
      parameters,
      ...(task.examples ? { examples: task.examples } : {}),
    };
    const examples = exampleFacts(task, length);
    if (flags.dryRun) {
      await context.report(
        { dryRun: true, ...about, ...options, batch, length, seed, config: architecture.config },
        () =>
          `${facts([
            ['text', `${text}: ${grouped(read.tokens)} bytes`],
            ...examples,
            ['model', `${architecture.name}, ${grouped(parameters)} numbers`],
            ['steps', `${grouped(options.steps)}; nothing is trained, nothing is written`],
          ])}\n`,
      );
      return EXIT.fine;
    }
    const spec = { task: 'lora pretrain', config: architecture.config, ...options, batch, length, heldOut, seed };
    const identity = JSON.stringify({ spec, inputs: [read.sha256] });
    const output = await openOutput(context, flags.output!, {
      force: flags.force,
      resume: flags.resume,
      inputs: [text],
      identity,
    });
    const result = await filling(context, output, async () => {
      const result = await runTraining(context, K, output, identity, { task, what: 'all', options });
      const outputs = await output.write([
        ...modelFiles(withWeights(model, result.weights)),
        ...(await curveFiles(result.rows)),
      ]);
      const inputs = [{ path: text, sha256: read.sha256 }];
      await output.commit({ spec, kernels: K, inputs, outputs });
      return result;
    });
    const outcome = outcomeOf(result);
    const seconds = (performance.now() - began) / 1000;
    await context.report(
      { output: flags.output, ...about, ...options, batch, length, seed, ...outcome, rows: result.rows, seconds },
      () =>
        `${facts([
          ['model', `${flags.output}: ${architecture.name}, ${grouped(parameters)} numbers, seed ${seed}`],
          ...examples,
          ...outcomeFacts(outcome),
          [
            'steps',
            `${grouped(result.rows.length - 1)} of ${batch}×${length} tokens at rate ${figure(options.learningRate)}`,
          ],
          ['time', secondsText(seconds)],
        ])}\n`,
    );
    return exitOf(outcome);
  } finally {
    K.close();
  }
}
