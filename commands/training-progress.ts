// The progress line of training. It owns the words; when it is shown is the terminal's.
import type { TrainEncoderProgress } from '../trainers/train-encoder.ts'
import type { TrainHeadProgress } from '../trainers/train-head.ts'
import { countText, durationText } from './terminal.ts'

const barWidth = 20

/** One line on how far training is. */
export function progressText(progress: TrainHeadProgress | TrainEncoderProgress): string {
  switch (progress.kind) {
    case 'embedding':
      return (
        `embedding ${progress.part}: ${countText(progress.done)} of ${countText(progress.total)} texts, ` +
        `${countText(progress.textsPerSecond)} a second`
      )
    case 'trial':
      return `fitting the head: C = ${progress.inverseRegularisation}`
    case 'engine':
      return `training on ${progress.runtime}`
    case 'freezing':
      return `computing frozen layers: ${countText(progress.done)} of ${countText(progress.total)} texts`
    case 'step':
      return (
        `${barText(progress.step / progress.steps)} epoch ${progress.epoch}, ` +
        `step ${countText(progress.step)} of ${countText(progress.steps)}: ` +
        `loss ${progress.loss.toFixed(3)}, ${countText(progress.tokensPerSecond)} tokens a second, ` +
        `${durationText(progress.secondsLeft * 1_000)} left`
      )
    case 'epoch':
      return (
        `epoch ${progress.epoch}: loss ${progress.trainLoss.toFixed(3)}, validation macro-F1 ` +
        (progress.macroF1 * 100).toFixed(1)
      )
    case 'publishing':
      return 'writing the model and checking it against the trainer'
  }
}

function barText(share: number): string {
  const done = Math.round(share * barWidth)
  return `${'█'.repeat(done)}${'░'.repeat(barWidth - done)}`
}
