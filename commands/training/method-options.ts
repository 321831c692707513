// The options that say what is trained and how, for every command that trains: base, method, seed
// and recipe. It owns their help and the checks that need no data.
import { Option, type Command } from 'commander'
import { knownBase } from '../../models/bases/base-store.ts'
import { expectTfjsInstalled } from '../../models/graph/tfjs/tfjs-backend.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { checkedLayers, checkedMaxTokens } from '../../trainers/embeddings/training-limits.ts'
import { trainingEngines, type TrainingEngine } from '../../trainers/encoder/fine-tuning-task.ts'
import type { EncoderMethod } from '../../trainers/encoder/train-encoder.ts'
import type { TrainingMethod } from '../../trainers/runs/run-record.ts'
import { addRecipeOptions, recipeOptionNames, type RecipeOptions } from './recipe-options.ts'
import { seedMax, wholeNumber } from '../shared-options.ts'

/** The parsed options of `addMethodOptions`. */
export type MethodOptions<Method extends string = TrainingMethod> = RecipeOptions & {
  base: string
  method: Method
  layers?: number
  engine?: TrainingEngine
  seed: number
  maxTokens?: number
  pooledLayers?: string
}

/** The choices of --method. */
export const trainingMethods: readonly TrainingMethod[] = ['head', 'partial', 'full']

/** The base of --base. */
export const baseDefault = 'minilm-l6'

/** Adds the options. */
export function addMethodOptions(
  command: Command,
  methods: readonly string[] = trainingMethods,
): Command {
  command
    .option('--base <name>', 'base encoder', baseDefault)
    .addOption(new Option('--method <method>', 'what to train').choices(methods).default('head'))
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
    .option('--seed <number>', 'seed of every random choice', wholeNumber(0, seedMax), 1)
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

/**
 * Options that the chosen method would not read are refused rather than ignored; `encoderOnly`
 * names further ones that the method head does not read.
 *
 * @throws WinnowError `usage`.
 */
export function refuseUnusedOptions<Options extends MethodOptions<string>>(
  options: Options,
  encoderOnly: readonly (keyof Options & string)[] = [],
): void {
  const given = (names: readonly (keyof Options & string)[]): string[] =>
    names.filter((name) => options[name] !== undefined)
  const ofEncoders = [...encoderOnly, 'layers', 'engine', ...recipeOptionNames] as const
  const unread: Readonly<Record<string, readonly (keyof Options & string)[]>> = {
    head: ofEncoders,
    full: ['pooledLayers', 'layers'],
    partial: ['pooledLayers'],
    auto: ['pooledLayers', 'layers', 'engine', ...recipeOptionNames],
  }
  const [first] = given(unread[options.method] ?? [])
  if (first === undefined) return
  const flag = first.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  throw new WinnowError(
    'usage',
    `--${flag} has no meaning with --method ${options.method}; leave it out.`,
  )
}

/**
 * Checks what can be known before data is read: the base, what it can read, the engine.
 *
 * @throws WinnowError `usage`, `base_not_found`, `engine_unavailable`.
 */
export async function checkMethod(
  options: MethodOptions<string>,
  { storeDir }: { storeDir: string },
): Promise<void> {
  const base = await knownBase({ name: options.base, storeDir })
  checkedMaxTokens(base, options.maxTokens)
  if (options.method === 'partial') checkedLayers(base, options.layers)
  if (options.engine === 'tfjs') expectTfjsInstalled()
}

/** The method of fine-tuning; the head has none. */
export function encoderMethodOf({ method, layers }: MethodOptions): EncoderMethod {
  return method === 'full' ? { kind: 'full' } : { kind: 'partial', layers }
}
