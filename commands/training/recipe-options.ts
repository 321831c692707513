// The options of `winnow train` that change the recipe of fine-tuning: names, ranges and help.
// Their meaning and defaults are in trainers/encoder/fine-tuning-task.ts.
import { Option, type Command } from 'commander'
import { defaultRecipe, partialRecipe } from '../../trainers/encoder/fine-tuning-task.ts'
import { numberIn, wholeNumber } from '../shared-options.ts'

/** More than any base reads, so that every text fits into a batch. */
const batchTokensMin = 512

/** Adds the options. */
export function addRecipeOptions(command: Command): Command {
  const { schedule, classWeighting, products, ...numbers } = defaultRecipe
  const add = (flags: string, text: string, parse: (text: string) => number): void =>
    void command.option(flags, `partial, full: ${text}`, parse)
  const { epochs, batchTexts, batchTokensMax, encoderRate, headRate, warmUpShare } = numbers
  const { layerDecay, weightDecay, clipNorm, dropout, labelSmoothing, patienceEpochs } = numbers
  const { contrastWeight, contrastTemperature } = numbers
  const share = numberIn({ from: 0, below: 1 })
  const aboveZero = numberIn({ above: 0 })
  add(
    '--epochs <number>',
    `passes over the data (${epochs}, partial ${partialRecipe.epochs} to ${epochs}; ` +
      'more with few examples per label)',
    wholeNumber(1),
  )
  add('--batch <texts>', `texts per step (${batchTexts})`, wholeNumber(1))
  add(
    '--batch-tokens <tokens>',
    `maximum padded tokens per step (${batchTokensMax})`,
    wholeNumber(batchTokensMin),
  )
  add(
    '--lr <rate>',
    `highest learning rate of the encoder (${encoderRate}, partial ${partialRecipe.encoderRate})`,
    aboveZero,
  )
  add('--head-lr <rate>', `highest learning rate of the head (${headRate})`, aboveZero)
  command.addOption(
    new Option(
      '--schedule <shape>',
      `partial, full: how learning rates fall (${schedule})`,
    ).choices(['linear', 'cosine']),
  )
  add('--warmup <share>', `share of the steps in which learning rates rise (${warmUpShare})`, share)
  add(
    '--layer-decay <factor>',
    `factor on the learning rate per lower layer (${layerDecay})`,
    numberIn({ above: 0, to: 1 }),
  )
  add('--weight-decay <rate>', `weight decay of matrices (${weightDecay})`, numberIn({ from: 0 }))
  add('--clip <norm>', `maximum norm of the gradient (${clipNorm})`, aboveZero)
  add('--dropout <share>', `share of hidden states set to 0 (${dropout})`, share)
  add(
    '--label-smoothing <share>',
    `share of the target spread over all labels (${labelSmoothing})`,
    share,
  )
  command.addOption(
    new Option(
      '--class-weights <how>',
      `partial, full: balanced gives every label the same weight (${classWeighting})`,
    ).choices(['none', 'balanced']),
  )
  add(
    '--patience <epochs>',
    `stop after so many epochs without improvement (${patienceEpochs})`,
    wholeNumber(1),
  )
  add(
    '--contrast <weight>',
    `weight of the contrastive loss (${contrastWeight}; 1 with few examples per label)`,
    numberIn({ from: 0 }),
  )
  add(
    '--contrast-temperature <number>',
    `temperature of the contrastive loss (${contrastTemperature})`,
    aboveZero,
  )
  command.addOption(
    new Option(
      '--products <type>',
      `partial, full: number type of matrix products, engine onnx (${products})`,
    ).choices(['int8', 'float32']),
  )
  return command
}
