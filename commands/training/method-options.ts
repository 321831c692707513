// The options that say what is trained and how, for every command that trains: base, method, seed
// and recipe. It owns their help; library/training/training-options.ts owns what they mean.
import { Option, type Command } from 'commander'
import { methodDefaults } from '../../library/training/training-options.ts'
import { trainingEngines } from '../../trainers/encoder/fine-tuning-task.ts'
import type { TrainingMethod } from '../../trainers/runs/run-record.ts'
import { addRecipeOptions } from './recipe-options.ts'
import { seedMax, wholeNumber } from '../shared-options.ts'

/** The choices of --method. */
export const trainingMethods: readonly TrainingMethod[] = ['head', 'partial', 'full']

/** Adds the options. */
export function addMethodOptions(
  command: Command,
  methods: readonly string[] = trainingMethods,
): Command {
  command
    .option('--base <name>', 'base encoder', methodDefaults.base)
    .addOption(
      new Option('--method <method>', 'what to train')
        .choices(methods)
        .default(methodDefaults.method),
    )
    .option(
      '--layers <number>',
      'partial: number of top layers to train (default: all but the lowest)',
      wholeNumber(1),
    )
    .addOption(
      new Option(
        '--engine <engine>',
        'partial, full: library that computes the steps (default: onnx)',
      ).choices(trainingEngines),
    )
    .option(
      '--seed <number>',
      'seed of every random choice',
      wholeNumber(0, seedMax),
      methodDefaults.seed,
    )
    .option(
      '--max-tokens <tokens>',
      'cut longer texts (default: as the base allows)',
      wholeNumber(3),
    )
    .addOption(
      new Option(
        '--pooled-layers <which>',
        'head: layers whose hidden states it uses (default: every)',
      ).choices(['every', 'last']),
    )
  return addRecipeOptions(command)
}
